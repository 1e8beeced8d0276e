import fc from 'fast-check'
import t from 'tap'
import { Timeline, type Place, type Placed } from '../timeline.js'

interface Mark {
  readonly seq: number
  readonly epoch: number
}

/** What the server has: in each epoch the seqs this user may see. */
type Truth = readonly (readonly number[])[]

const visible = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 30 })
  .map((seen) => seen.flatMap((isSeen, i) => (isSeen ? [i + 1] : [])))
const truth: fc.Arbitrary<Truth> = fc.array(visible, { minLength: 1, maxLength: 3 })
const step = fc.record({
  kind: fc.constantFrom('push', 'push', 'push', 'ask', 'answer', 'epoch'),
  pick: fc.nat(40),
})

const placed = (seqs: readonly number[], i: number, epoch: number): Placed<Mark> => ({
  prev: seqs[i - 1] ?? 0,
  entry: { seq: seqs[i] ?? 0, epoch },
})

function page(seqs: readonly number[], epoch: number, asked: Place, limit: number) {
  const recovered = asked.epoch === epoch || asked.epoch === 0
  const from = recovered ? seqs.filter((seq) => seq <= asked.seq).length : 0
  const all = seqs.map((_, i) => placed(seqs, i, epoch)).slice(from)
  return { epoch, head: seqs.at(-1) ?? 0, recovered, more: all.length > limit, items: all.slice(0, limit) }
}

t.test(
  'timeline: pushes, repeats, gaps, late pages and new epochs in any order deliver once, in order, without a gap',
  (t) => {
    fc.assert(
      fc.property(truth, fc.array(step, { maxLength: 80 }), (epochs, steps) => {
        const timeline = new Timeline<Mark>()
        const delivered: Mark[] = []
        let current = 0
        let asked: Place | undefined
        const seqs = () => epochs[current] ?? []
        const answer = (limit: number) => {
          if (asked === undefined) return true
          const { deliver, behind } = timeline.page(asked, page(seqs(), current + 1, asked, limit))
          delivered.push(...deliver)
          asked = undefined
          return behind
        }
        for (const { kind, pick } of steps) {
          if (kind === 'ask') asked ??= timeline.place
          else if (kind === 'answer') answer(1 + (pick % 5))
          else if (kind === 'epoch') current = Math.min(current + 1, epochs.length - 1)
          else if (seqs().length > 0) {
            const push = timeline.push(current + 1, placed(seqs(), pick % seqs().length, current + 1))
            delivered.push(...push.deliver)
          }
        }
        asked = timeline.place
        for (let turns = 0; answer(3) && turns < 50; turns++) asked = timeline.place
        return isOnceInOrder(delivered, epochs) && endsComplete(delivered, epochs, current)
      }),
      { numRuns: 1_000 },
    )
    t.end()
  },
)

/** Each epoch's deliveries are the beginning of what is visible in it, and epochs follow one another. */
function isOnceInOrder(delivered: readonly Mark[], epochs: Truth): boolean {
  const sorted = delivered.every((mark, i) => mark.epoch >= (delivered[i - 1]?.epoch ?? 1))
  return sorted && epochs.every((seqs, i) => seqsOf(delivered, i).every((seq, at) => seq === seqs[at]))
}

function endsComplete(delivered: readonly Mark[], epochs: Truth, current: number): boolean {
  return seqsOf(delivered, current).length === epochs[current]?.length
}

function seqsOf(delivered: readonly Mark[], epoch: number): number[] {
  return delivered.filter((mark) => mark.epoch === epoch + 1).map(({ seq }) => seq)
}

t.test('timeline: an answer from before the position was moved back is not taken', (t) => {
  const timeline = new Timeline<Mark>({ epoch: 1, seq: 10 })
  const asked = timeline.place
  timeline.move({ epoch: 1, seq: 4 })
  const late = timeline.page(asked, {
    epoch: 1,
    head: 11,
    recovered: true,
    more: false,
    items: [placed([10, 11], 1, 1)],
  })
  t.match(late, { deliver: [], behind: true })
  t.same(timeline.place, { epoch: 1, seq: 4 })
  t.end()
})

t.test('timeline: an unservable position jumps to the beginning of what is offered, and says so', (t) => {
  const timeline = new Timeline<Mark>({ epoch: 1, seq: 2 })
  const items = [{ prev: 7, entry: { seq: 8, epoch: 1 } }]
  const jump = timeline.page(timeline.place, { epoch: 1, head: 8, recovered: false, more: false, items })
  t.match(jump, { unrecovered: true, behind: false, deliver: [{ seq: 8 }] })
  const empty = timeline.page(timeline.place, { epoch: 2, head: 5, recovered: false, more: false, items: [] })
  t.match(empty, { unrecovered: true, behind: false, deliver: [] })
  t.same(timeline.place, { epoch: 2, seq: 5 })
  t.end()
})

t.test('timeline: pushes beyond what it holds are left to the next page', (t) => {
  const timeline = new Timeline<Mark>()
  const seqs = Array.from({ length: 1_000 }, (_, i) => i + 1)
  const early = seqs.slice(1).map((_, i) => timeline.push(1, placed(seqs, i + 1, 1)))
  t.ok(early.every(({ behind, deliver }) => behind && deliver.length === 0))
  const first = timeline.page(timeline.place, page([1], 1, timeline.place, 200))
  t.equal(first.deliver.length, 257)
  t.ok(first.behind, 'there was more than it held')
  const rest = timeline.page(timeline.place, page(seqs, 1, timeline.place, 1_000))
  t.equal(rest.deliver.length, 1_000 - 257)
  t.notOk(rest.behind)
  t.end()
})
