/** Recent heads: none of the last minute is missing, and they do not pile up. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { HEADS_KEPT_MS, RecentHeads } from '../recent-heads.js'

const headOf = (conversation: string, seq: number) => ({ conversation, epoch: 7, seq, membershipSeq: 1 })

t.test('recent-heads: of each conversation the newest head is kept', async (t) => {
  const heads = new RecentHeads(new VirtualClock())
  heads.note(headOf('r:a', 1))
  heads.note(headOf('r:b', 5))
  heads.note(headOf('r:a', 2))
  t.same(heads.all(), [headOf('r:a', 2), headOf('r:b', 5)])
})

t.test('recent-heads: whatever comes when, all of the last minute are there, each at its newest', async () => {
  const note = fc.record({ room: fc.constantFrom('r:a', 'r:b', 'r:c', 'r:d'), ms: fc.nat(40_000) })
  await fc.assert(
    fc.asyncProperty(fc.array(note, { maxLength: 40 }), async (notes) => {
      const clock = new VirtualClock()
      const heads = new RecentHeads(clock)
      const newest = new Map<string, { seq: number; at: number }>()
      for (const [i, { room, ms }] of notes.entries()) {
        await clock.run(clock.now() + ms)
        heads.note(headOf(room, i + 1))
        newest.set(room, { seq: i + 1, at: clock.now() })
        const kept = new Map(heads.all().map(({ conversation, seq }) => [conversation, seq]))
        for (const [conversation, { seq, at }] of newest)
          if (clock.now() - at < HEADS_KEPT_MS) assert.equal(kept.get(conversation), seq)
        for (const [conversation, seq] of kept) assert.equal(newest.get(conversation)?.seq, seq)
      }
    }),
    { numRuns: 40 },
  )
})

t.test('recent-heads: heads of long ago go when newer ones come', async (t) => {
  const clock = new VirtualClock()
  const heads = new RecentHeads(clock)
  for (let i = 0; i < 10; i++) {
    heads.note(headOf(`r:${String(i)}`, 1))
    await clock.run(clock.now() + HEADS_KEPT_MS + 1)
  }
  t.ok(heads.all().length <= 2, `${String(heads.all().length)} heads`)
})
