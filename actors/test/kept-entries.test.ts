/** The newest entries of a conversation: a dense run that loses only what is archived. */
import fc from 'fast-check'
import t from 'tap'
import { KeptEntries } from '../kept-entries.js'
import { keptEntry, messageEntry } from './entry-fixture.js'

function keptFrom(first: number, count: number): KeptEntries {
  const kept = new KeptEntries()
  for (let seq = first; seq < first + count; seq++) kept.add(keptEntry(messageEntry(seq)))
  return kept
}

const seqsOf = (kept: KeptEntries, from: number, to: number) => kept.range(from, to).map(({ seq }) => seq)

t.test('kept-entries: empty, they know of nothing', async (t) => {
  const kept = new KeptEntries()
  t.equal(kept.first, Infinity)
  t.equal(kept.find(1), undefined)
  t.same(kept.range(1, 10), [])
  t.notOk(kept.unarchived)
  kept.archived(5)
  t.equal(kept.first, Infinity)
})

t.test('kept-entries: a range is cut to what is kept', async (t) => {
  const kept = keptFrom(11, 5)
  t.same(seqsOf(kept, 1, 12), [11, 12])
  t.same(seqsOf(kept, 13, 99), [13, 14, 15])
  t.same(seqsOf(kept, 14, 13), [])
  t.same(seqsOf(kept, 1, 10), [])
  t.equal(kept.find(12)?.seq, 12)
  t.equal(kept.find(10), undefined)
  t.equal(kept.find(16), undefined)
})

t.test('kept-entries: they are unarchived until the newest one is archived', async (t) => {
  const kept = keptFrom(1, 3)
  t.ok(kept.unarchived)
  kept.archived(2)
  t.ok(kept.unarchived)
  kept.archived(3)
  t.notOk(kept.unarchived)
  kept.archived(1)
  t.notOk(kept.unarchived, 'an older word does not take it back')
})

t.test('kept-entries: after everything was archived only a few are kept', async (t) => {
  const kept = keptFrom(1, 1000)
  kept.archived(1000)
  t.ok(kept.range(1, 1000).length < 50)
  t.equal(kept.find(1000)?.seq, 1000)
})

const run = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => keptEntry(messageEntry(from + i)))

t.test(
  'kept-entries: older ones are adopted when they reach up to what is kept, and no more than are spared',
  async (t) => {
    const kept = keptFrom(11, 2)
    kept.adopt(run(5, 9), 12)
    t.equal(kept.first, 11, 'not with a hole after them')
    kept.adopt([...run(5, 6), ...run(8, 10)], 12)
    t.equal(kept.first, 11, 'not with a hole in them')
    kept.adopt(run(8, 10), 12)
    t.same(seqsOf(kept, 1, 99), [8, 9, 10, 11, 12])
    t.ok(kept.unarchived, 'the newest are not archived yet')
    kept.archived(12)
    t.notOk(kept.unarchived)
    kept.adopt(run(1, 7), 12)
    t.equal(kept.first, 1)
  },
)

t.test(
  'kept-entries: what was read before many others came leaves no hole when some of them are gone already',
  async (t) => {
    const kept = keptFrom(11, 100)
    kept.archived(110)
    const { first } = kept
    t.ok(first > 11)
    kept.adopt(run(1, 10), 10)
    t.equal(kept.first, first)
    t.equal(kept.find(first)?.seq, first)
  },
)

t.test('kept-entries: into none, only what reaches up to the newest is adopted', async (t) => {
  const kept = new KeptEntries()
  kept.adopt(run(1, 5), 6)
  t.equal(kept.first, Infinity)
  kept.adopt([], 6)
  kept.adopt(run(1, 40), 40)
  t.ok(kept.first > 20)
  t.equal(kept.find(40)?.seq, 40)
  t.notOk(kept.unarchived)
  const { first } = kept
  kept.adopt(run(1, first - 1), 40)
  t.equal(kept.first, first, 'there is no room')
})

t.test('kept-entries: whatever is archived when, the run is dense and no unarchived entry goes', async () => {
  const step = fc.oneof(fc.constant('add' as const), fc.nat(120))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 200 }), (first, drawn) => {
      const kept = new KeptEntries()
      let next = first
      let archived = 0
      for (const what of drawn) {
        if (what === 'add') kept.add(keptEntry(messageEntry(next++)))
        else kept.archived((archived = Math.max(archived, Math.min(what, next - 1))))
        const seqs = seqsOf(kept, 1, Infinity)
        const oldest = seqs[0] ?? next
        const wanted = Array.from({ length: next - oldest }, (_, i) => oldest + i)
        if (String(seqs) !== String(wanted) || oldest > Math.max(archived + 1, first)) return false
      }
      return true
    }),
  )
})
