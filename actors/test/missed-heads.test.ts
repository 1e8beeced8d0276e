/** What a slow reader hears when it has caught up: heads, or that it must resume everything. */
import t from 'tap'
import { MissedHeads } from '../missed-heads.js'

t.test('missed heads: the newest of each conversation is kept', async (t) => {
  const missed = new MissedHeads()
  missed.note('r:a', 1, 5)
  missed.note('r:b', 1, 2)
  missed.note('r:a', 2, 6)
  t.same(missed.frames(), [
    { frame: 'head', conversation: 'r:a', epoch: 2, seq: 6 },
    { frame: 'head', conversation: 'r:b', epoch: 1, seq: 2 },
  ])
})

t.test('missed heads: of more than 500 conversations none is kept, and the device resumes all', async (t) => {
  const missed = new MissedHeads()
  for (let i = 0; i < 500; i++) missed.note(`r:${i}`, 1, 1)
  t.equal(missed.frames().length, 500)
  missed.note('r:500', 1, 1)
  t.same(missed.frames(), [{ frame: 'resync' }])
  missed.note('r:1', 1, 2)
  t.same(missed.frames(), [{ frame: 'resync' }])
})
