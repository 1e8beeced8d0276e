/** Mark relay: marks for this node go at once, those for others gathered, each to whoever owns its conversation by then. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import type { ConversationMark } from '../envelope.js'
import { MarkRelay } from '../mark-relay.js'

const mark = (conversation: string, delivered = 1): ConversationMark => ({
  ...{ conversation, user: 'ann', delivered, read: 0 },
})

function relay() {
  const clock = new VirtualClock(1_000_000)
  const owners = new Map<string, string | null>()
  const taken: ConversationMark[] = []
  const posted: unknown[] = []
  const marks = new MarkRelay({
    ...{ node: 'a', clock },
    ownerOf: (conversation) => owners.get(conversation) ?? null,
    take: (one) => taken.push(one),
    post: (to, envelope) => posted.push([to, envelope]),
  })
  return { owners, taken, posted, marks, wait: (ms: number) => clock.run(clock.now() + ms) }
}

t.test('mark-relay: a mark for this node goes at once', async (t) => {
  const { owners, taken, posted, marks, wait } = relay()
  owners.set('r:here', 'a')
  marks.add(mark('r:here'))
  t.same(taken, [mark('r:here')])
  await wait(1000)
  t.same(posted, [])
})

t.test('mark-relay: marks for other nodes leave together, one envelope for each', async (t) => {
  const { owners, posted, marks, wait } = relay()
  owners.set('r:one', 'b').set('r:two', 'b').set('r:three', 'c')
  for (const conversation of ['r:one', 'r:two', 'r:three', 'r:one']) marks.add(mark(conversation))
  t.same(posted, [])
  await wait(1000)
  t.same(posted, [
    ['b', { type: 'marks', marks: [mark('r:one'), mark('r:two'), mark('r:one')] }],
    ['c', { type: 'marks', marks: [mark('r:three')] }],
  ])
  marks.add(mark('r:one', 2))
  await wait(1000)
  t.equal(posted.length, 3, 'and so do those after them')
})

t.test('mark-relay: what moved meanwhile goes to the new owner, and to nobody while there is none', async (t) => {
  const { owners, taken, posted, marks, wait } = relay()
  owners.set('r:moves', 'b').set('r:comes', 'b').set('r:ends', 'b')
  for (const conversation of ['r:moves', 'r:comes', 'r:ends']) marks.add(mark(conversation))
  owners.set('r:moves', 'c').set('r:comes', 'a').set('r:ends', null)
  await wait(1000)
  t.same(posted, [['c', { type: 'marks', marks: [mark('r:moves')] }]])
  t.same(taken, [mark('r:comes')])
})
