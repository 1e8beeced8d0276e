/** Intervals of visibility, against a plain set of seqs. */
import fc from 'fast-check'
import t from 'tap'
import * as spans from '../spans.js'

const HIGHEST = 60
const seqs = Array.from({ length: HIGHEST }, (_, i) => i + 1)
const anySpans = fc
  .uniqueArray(fc.integer({ min: 1, max: HIGHEST }), { maxLength: 7 })
  .map((ends) => ends.sort((a, b) => a - b))

/** Whether a participant with these spans sees `seq`: the definition, the long way. */
function sees(ends: readonly number[], seq: number): boolean {
  const [since, until, ...rest] = ends
  if (since === undefined) return false
  return (seq >= since && (until === undefined || seq <= until)) || sees(rest, seq)
}

t.test('spans: an interval is opened once and closed once', async (t) => {
  t.same(spans.opened([], 3), [3])
  t.same(spans.opened([3], 5), [3], 'open already')
  t.same(spans.closed([3], 5), [3, 5])
  t.same(spans.closed([3, 5], 9), [3, 5], 'closed already')
  t.same(spans.opened([3, 5], 9), [3, 5, 9])
  t.ok(spans.isOpen([3]))
  t.notOk(spans.isOpen([]))
  t.notOk(spans.isOpen([3, 5]))
})

t.test('spans: the spans given are never changed', async (t) => {
  const given = [3]
  spans.closed(given, 5)
  spans.opened(given, 5).push(7)
  t.same(given, [3])
})

t.test('spans: one who leaves sees the entry by which they left, and nothing until they come back', async (t) => {
  t.same(spans.visible([2, 4, 7], 1, 9), [
    [2, 4],
    [7, 9],
  ])
  t.equal(spans.lastVisible([2, 4, 7], 6), 4)
  t.equal(spans.lastVisible([2, 4, 7], 1), 0)
})

t.test('spans: the visible parts of a range are exactly the seqs in an interval, rising', async () => {
  const bound = fc.integer({ min: 0, max: HIGHEST })
  fc.assert(
    fc.property(anySpans, bound, bound, (ends, from, to) => {
      const parts = spans.visible(ends, from, to)
      const listed = parts.flatMap(([start, end]) => seqs.filter((seq) => seq >= start && seq <= end))
      const wanted = seqs.filter((seq) => seq >= from && seq <= to && sees(ends, seq))
      return String(listed) === String(wanted)
    }),
  )
})

t.test('spans: the last visible seq is the highest that is seen', async () => {
  fc.assert(
    fc.property(anySpans, fc.integer({ min: 0, max: HIGHEST }), (ends, to) => {
      const last = seqs.findLast((seq) => seq <= to && sees(ends, seq)) ?? 0
      return spans.lastVisible(ends, to) === last
    }),
  )
})
