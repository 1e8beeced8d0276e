/** Settled memory: it is read until it has not fallen for so long, and small ups and downs are no falls. */
import t from 'tap'
import { settledMemory } from '../memory.js'

const MIB = 2 ** 20

t.test('settled memory: waits again after each fall, not after a small one', async (t) => {
  const readings = [80 * MIB, 80 * MIB, 60 * MIB, 60 * MIB - 4096, 90 * MIB, 10 * MIB]
  let reads = 0
  let falls = 0
  const settled = await settledMemory(
    () => readings[reads++] ?? 0,
    2,
    () => falls++,
  )
  t.equal(settled, 60 * MIB - 4096)
  t.equal(falls, 1)
  t.equal(reads, 4)
})
