import t from 'tap'
import type { RawPush } from '../../protocol/client/wire.js'
import { encodeEntry, encodeBody } from '../../protocol/entry-codec.js'
import { ENTRY_KIND, MESSAGE_TYPE } from '../../protocol/entry.js'
import type { Item, Page, Position } from '../../protocol/frames.js'
import { Follower, type Line } from '../load/follower.js'

const CONVERSATION = 'd:a:b'
const content = new Uint8Array(8)
const body = encodeBody({ id: '', type: MESSAGE_TYPE.text, content, extra: null, priority: 0, ttl: 0 })

function item(seq: number): Item {
  const header = { kind: ENTRY_KIND.message, conversation: CONVERSATION, seq, ordinal: seq, time: 1 }
  return { prev: seq - 1, entry: encodeEntry({ ...header, sender: 'a', device: 'd' }, body) }
}

const push = (seq: number, prev = seq - 1): RawPush => ({
  ...{ conversation: CONVERSATION, epoch: 1, prev, seq, kind: ENTRY_KIND.message, time: 1 },
  ...{ sender: 'a', device: 'd', bytes: new Uint8Array(), contentStart: 0, contentEnd: 0 },
})

/** A server that has the messages 1 to `head`. */
function lineTo(head: number): Line & { readonly asked: Position[] } {
  const asked: Position[] = []
  return {
    asked,
    client: { counters: { pushes: 0 } },
    onPush: () => undefined,
    onFrame: () => undefined,
    async resume([position], _limit, take: (page: Page) => void) {
      if (position === undefined) return
      asked.push(position)
      const items = Array.from({ length: head - position.seq }, (_, at) => item(position.seq + 1 + at))
      take({ conversation: CONVERSATION, epoch: 1, head, recovered: true, more: false, items })
    },
  }
}

t.test('follower: takes what it missed when it is attached, and what is pushed from then on', async (t) => {
  const [follower, line] = [new Follower(CONVERSATION, { epoch: 1, seq: 0 }), lineTo(3)]
  await follower.attach(line)
  line.onPush(push(4))
  t.strictSame([follower.messages, follower.seq], [4, 4])
})

t.test('follower: counts a message once, however often it comes', async (t) => {
  const [follower, line] = [new Follower(CONVERSATION, { epoch: 1, seq: 0 }), lineTo(3)]
  await follower.attach(line)
  line.onPush(push(3))
  line.onPush(push(2))
  t.equal(follower.messages, 3)
})

t.test('follower: asks for what is missing when a push does not follow', async (t) => {
  const [follower, line] = [new Follower(CONVERSATION, { epoch: 1, seq: 3 }), lineTo(6)]
  await follower.attach(line)
  line.onPush(push(9, 8))
  t.strictSame([follower.messages, follower.seq], [3, 6])
  t.strictSame(
    line.asked.map(({ seq }) => seq),
    [3, 6],
  )
})

t.test('follower: asks when a pong tells of more pushes than came', async (t) => {
  const [follower, line] = [new Follower(CONVERSATION, { epoch: 1, seq: 0 }), lineTo(0)]
  await follower.attach(line)
  line.onFrame({ frame: 'pong', ref: 0, pushes: 1 })
  t.equal(line.asked.length, 2)
})
