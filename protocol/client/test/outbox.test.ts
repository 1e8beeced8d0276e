import fc from 'fast-check'
import t from 'tap'
import type { Send } from '../../frames.js'
import { Outbox, type Outgoing } from '../outbox.js'

type Answer = { readonly ref: number; readonly kind: 'ack' | 'temporary' | 'permanent' }

const message = (conversation: string, id: string, priority = 0): Outgoing => ({
  conversation,
  id,
  type: 1,
  priority,
  body: new Uint8Array(),
})

/** Takes frames in the order of the wire; stores once, and never ahead of what `after` names. */
class Owner {
  readonly stored = new Map<string, string[]>()
  readonly refused = new Set<string>()

  take({ ref, conversation, id, after }: Send, chance: number): Answer {
    const lane = this.stored.get(conversation) ?? []
    this.stored.set(conversation, lane)
    if (lane.includes(id ?? '')) return { ref, kind: 'ack' }
    if (after !== null && !lane.includes(after)) return { ref, kind: 'temporary' }
    if (this.refused.has(id ?? '') || chance === 0) {
      this.refused.add(id ?? '')
      return { ref, kind: 'permanent' }
    }
    if (chance === 1) return { ref, kind: 'temporary' }
    lane.push(id ?? '')
    return { ref, kind: chance === 2 ? 'temporary' : 'ack' }
  }
}

const CONVERSATIONS = ['a', 'b']
const action = fc.record({
  kind: fc.constantFrom('add', 'add', 'flush', 'take', 'take', 'take', 'answer', 'answer', 'release', 'reconnect'),
  pick: fc.nat(20),
  chance: fc.nat(9),
})

t.test('outbox: whatever is lost, refused or answered late, each lane is stored once and in order', (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      let refs = 0
      const outbox = new Outbox(1_000, () => ++refs)
      const owner = new Owner()
      const added = new Map(CONVERSATIONS.map((id) => [id, [] as string[]]))
      let line: Send[] = []
      let answers: Answer[] = []
      const take = (chance: number) => {
        const send = line.shift()
        if (send) answers.push(owner.take(send, chance))
      }
      const answer = (pick: number) => {
        const [first] = answers.splice(pick % Math.max(1, answers.length), 1)
        if (first?.kind === 'ack') outbox.acked(first.ref)
        else if (first) outbox.refused(first.ref, first.kind === 'temporary')
      }
      const release = () => {
        for (const id of CONVERSATIONS) outbox.release(id)
        line.push(...outbox.takeDue())
      }
      const acts = {
        add(pick: number) {
          const conversation = CONVERSATIONS[pick % 2] ?? ''
          const id = `${conversation}${String(added.get(conversation)?.length)}`
          added.get(conversation)?.push(id)
          outbox.add(message(conversation, id))
        },
        flush: () => line.push(...outbox.takeDue()),
        take: (_: number, chance: number) => {
          take(chance)
        },
        answer,
        release,
        reconnect() {
          line = []
          answers = []
          outbox.restart()
          line.push(...outbox.takeDue())
        },
      }
      for (const { kind, pick, chance } of actions) acts[kind](pick, chance)
      for (let i = 0; outbox.size > 0 && i < 500; i++) {
        release()
        while (line.length > 0) take(9)
        while (answers.length > 0) answer(0)
      }
      return outbox.size === 0 && CONVERSATIONS.every((id) => isInOrder(id, added, owner))
    }),
    { numRuns: 1_000 },
  )
  t.end()
})

function isInOrder(conversation: string, added: ReadonlyMap<string, readonly string[]>, owner: Owner): boolean {
  const wanted = (added.get(conversation) ?? []).filter((id) => !owner.refused.has(id))
  return JSON.stringify(owner.stored.get(conversation) ?? []) === JSON.stringify(wanted)
}

t.test('outbox: each frame names the unacked message before it', (t) => {
  let refs = 0
  const outbox = new Outbox(10, () => ++refs)
  for (const id of ['1', '2', '3']) outbox.add(message('a', id))
  t.same(
    outbox.takeDue().map(({ after }) => after),
    [null, '1', '2'],
  )
  outbox.refused(2, false)
  t.match(outbox.takeDue(), [{ id: '3', after: '1' }], 'what follows a refused one names the one before that')
  t.equal(outbox.refused(3, true), undefined, 'the refusal of an older frame has no meaning')
  t.match(outbox.acked(1), { id: '1' })
  t.equal(outbox.acked(1), undefined)
  t.equal(outbox.resent, 1)
  t.end()
})

t.test('outbox: it is bounded, and conversations with a high priority message go first', (t) => {
  let refs = 0
  const outbox = new Outbox(3, () => ++refs)
  t.ok(outbox.add(message('a', '1')))
  t.ok(outbox.add(message('b', '2', 6)))
  t.ok(outbox.add(message('a', '3')))
  t.notOk(outbox.add(message('c', '4')))
  t.same(
    outbox.takeDue().map(({ id }) => id),
    ['2', '1', '3'],
  )
  t.notOk(outbox.withdraw(message('a', '1')), 'only what is there can be withdrawn')
  t.end()
})

t.test('outbox: after a temporary error one message goes ahead, then one more with each ack', (t) => {
  let refs = 0
  const outbox = new Outbox(10, () => ++refs)
  for (const id of ['1', '2', '3', '4', '5']) outbox.add(message('a', id))
  const ids = () => outbox.takeDue().map(({ id }) => id)
  t.same(ids(), ['1', '2', '3', '4', '5'])
  outbox.refused(1, true)
  t.same(ids(), [], 'the lane is held')
  outbox.release('a')
  t.same(ids(), ['1'])
  outbox.acked(6)
  t.same(ids(), ['2', '3'])
  outbox.refused(7, false)
  t.same(ids(), ['3', '4'], 'a permanent refusal lets the next ones go')
  outbox.restart()
  t.same(ids(), ['3', '4', '5'])
  t.end()
})

t.test('outbox: after a reconnect the first few go out, the others as acks come', (t) => {
  let refs = 0
  const outbox = new Outbox(100, () => ++refs)
  for (let i = 0; i < 50; i++) outbox.add(message('a', String(i)))
  t.equal(outbox.takeDue().length, 50)
  outbox.restart()
  t.equal(outbox.takeDue().length, 32)
  outbox.acked(51)
  t.equal(outbox.takeDue().length, 2)
  t.end()
})
