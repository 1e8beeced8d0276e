/**
 * The codecs, the mailbox and the ring, timed by themselves.
 */
import { v7 } from 'uuid'
import { MailboxShelf } from '../../actors/mailbox.js'
import type { Member } from '../../actors/membership.js'
import { nextView } from '../../actors/ring.js'
import { jsonCodec } from '../../protocol/codec-json.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import type { Codec } from '../../protocol/codec.js'
import { encodeBody, encodeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND, MESSAGE_TYPE } from '../../protocol/entry.js'
import { parseMessageId } from '../../protocol/ids.js'
import { nanosecondsOf, type Figure } from './figure.js'

const BYTES = 128
const CONVERSATION = 'd:alice:bob'
const CAPACITY = 1000
const SHARDS = 64
const MEMBERS = 8

export const measureParts = (milliseconds: number): Figure[] => [
  ...measureCodec(milliseconds, msgpackCodec),
  ...measureCodec(milliseconds, jsonCodec),
  mailbox(milliseconds),
  ring(milliseconds),
]

/** What a message costs the server at its two ends. */
function measureCodec(milliseconds: number, codec: Codec): Figure[] {
  const { name } = codec
  const rest = { type: MESSAGE_TYPE.text, content: new Uint8Array(BYTES), extra: null, priority: 0, ttl: 0 }
  const body = encodeBody({ id: parseMessageId(v7()) ?? '', ...rest })
  const send = { frame: 'send', ref: 1, conversation: CONVERSATION, after: null, id: null, type: 0, body } as const
  const [bytes, sink] = [codec.encodeCommand(send), { command: () => undefined, fault: () => undefined }]
  const header = { kind: ENTRY_KIND.message, conversation: CONVERSATION, seq: 7, ordinal: 7, time: Date.now() }
  const entry = encodeEntry({ ...header, sender: 'alice', device: 'phone' }, body)
  const decoding = nanosecondsOf(milliseconds, () => codec.decodeCommands(bytes, sink))
  const encoding = nanosecondsOf(milliseconds, () =>
    codec.encodeServerFrame({ frame: 'push', epoch: 1, prev: 6, entry }),
  )
  return [
    { metric: `codec ${name}: a send of ${String(BYTES)} B decoded`, value: decoding, unit: 'ns' },
    { metric: `codec ${name}: its push encoded`, value: encoding, unit: 'ns' },
  ]
}

/** As an idle actor gets one message: borrow, put, take, give back. */
function mailbox(milliseconds: number): Figure {
  const shelf = new MailboxShelf<number>()
  const now = () => 0
  const value = nanosecondsOf(milliseconds, () => {
    const box = shelf.borrow()
    box.put(1, 'user', CAPACITY, now)
    box.take()
    shelf.giveBack(box)
  })
  return { metric: 'mailbox: one message through the mailbox of an idle actor', value, unit: 'ns' }
}

/** A node joins eight. */
function ring(milliseconds: number): Figure {
  const members = Array.from({ length: MEMBERS + 1 }, (_, at) => memberOf(at))
  const before = nextView(null, members.slice(0, MEMBERS), SHARDS)
  const value = nanosecondsOf(milliseconds, () => nextView(before, members, SHARDS)) / 1000
  return { metric: 'ring: the next view when a node joins eight, 64 shards', value, unit: 'µs' }
}

const memberOf = (at: number): Member => {
  const node = `node-${String(at)}`
  return { node, incarnation: 1, version: 1, address: node, ready: true }
}
