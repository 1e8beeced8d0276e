/**
 * Process mutations: an endless stream of frames that are nearly right: valid ones of every kind, with bytes changed, cut,
 * doubled or swapped. The same seed gives the same stream.
 */
import { v7 } from 'uuid'
import type { CodecName } from '../../protocol/codec.js'
import { jsonCodec } from '../../protocol/codec-json.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import type { Command } from '../../protocol/frames.js'
import { parseMessageId } from '../../protocol/ids.js'

type Below = (limit: number) => number

/** mulberry32 */
function randomBelow(seed: number): Below {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

const conversation = 'd:fuzz0:fuzz1'
const group = 'g:0190b2a0-0000-7000-8000-000000000000'
const position = { conversation, epoch: 1, seq: 3 }

function send(ref: number): Command {
  const id = parseMessageId(v7()) ?? ''
  const content = new TextEncoder().encode('fuzz ☃')
  const body = encodeBody({ id, type: 1, content, extra: '{"a":[1,{"b":null}]}', priority: 3, ttl: 60 })
  return { frame: 'send', ref, conversation, after: null, id, type: 1, body }
}

const COMMANDS: readonly ((ref: number) => Command)[] = [
  send,
  (ref) => ({ frame: 'ping', ref }),
  (ref) => ({ frame: 'connect', ref, token: 'a.b.c', device: 'phone', client: 'fuzz/1', session: 0 }),
  () => ({ frame: 'received', positions: [position] }),
  () => ({ frame: 'read', positions: [position] }),
  (ref) => ({ frame: 'resume', ref, positions: [position, { ...position, conversation: group }], limit: 20 }),
  (ref) => ({ frame: 'history', ref, conversation, direction: 'around', seq: 4, limit: 20, types: [1, 7] }),
  (ref) => ({ frame: 'conversations', ref, cursor: '', limit: 20 }),
  (ref) => ({ frame: 'participants', ref, conversation, cursor: '', limit: 20 }),
  (ref) => ({ frame: 'create', ref, conversation: group, title: 'fuzz', open: true, users: ['fuzz1', 'fuzz2'] }),
  (ref) => ({ frame: 'join', ref, conversation: group }),
  (ref) => ({ frame: 'leave', ref, conversation: group }),
  (ref) => ({ frame: 'add', ref, conversation: group, users: ['fuzz3'] }),
  (ref) => ({ frame: 'remove', ref, conversation: group, users: ['fuzz3'] }),
  (ref) => ({ frame: 'role', ref, conversation: group, user: 'fuzz1', role: 'admin' }),
  (ref) => ({ frame: 'rename', ref, conversation: group, title: 'other' }),
  (ref) => ({ frame: 'presence', ref, users: ['fuzz0', 'fuzz1'] }),
  () => ({ frame: 'signal', conversation, name: 'typing', data: Uint8Array.of(1, 2) }),
]

export function* mutations(seed: number, codec: CodecName): Generator<Uint8Array, never> {
  const below = randomBelow(seed)
  const wire = codec === 'json' ? jsonCodec : msgpackCodec
  for (let ref = 1; ; ref++) {
    const make = COMMANDS[below(COMMANDS.length)] ?? send
    let bytes = wire.encodeCommand(make(ref))
    for (let times = below(4); times > 0; times--) bytes = mutated(bytes, below)
    yield bytes
  }
}

function mutated(bytes: Uint8Array, below: Below): Uint8Array {
  const at = below(bytes.length + 1)
  const length = below(8)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  const noise = Uint8Array.from({ length }, () => below(256))
  switch (below(5)) {
    case 0:
      return Buffer.concat([head, noise, tail])
    case 1:
      return Buffer.concat([head, noise, tail.subarray(length)])
    case 2:
      return Buffer.concat([head, tail.subarray(length)])
    case 3:
      return Buffer.concat([head, tail.subarray(0, length), tail])
    default:
      return head
  }
}
