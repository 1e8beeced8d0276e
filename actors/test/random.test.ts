/** The seeded generator: its published values, and that seeds repeat. */
import t from 'tap'
import { seededRandom, xoshiro128 } from '../random.js'

t.test('random: xoshiro128** gives the values of its reference implementation', async (t) => {
  // github.com/rust-random/rngs, rand_xoshiro, test of xoshiro128starstar, which names the authors' C code, version 1.1, as its origin.
  const next = xoshiro128(1, 2, 3, 4)
  t.same(
    Array.from({ length: 10 }, () => next()),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  )
})

t.test('random: the same seed gives the same numbers, another seed others', async (t) => {
  const numbers = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 20 }, () => random())
  }
  t.same(numbers(7), numbers(7))
  t.notSame(numbers(7), numbers(8))
  t.notSame(numbers(0), numbers(1))
})

t.test('random: numbers spread evenly from 0 up to 1', async (t) => {
  const random = seededRandom(42)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const place = Math.floor(random() * 10)
    counts[place] = (counts[place] ?? NaN) + 1
  }
  t.equal(counts.length, 10)
  for (const count of counts) t.ok(count > 850 && count < 1150, `${count} of 1000`)
})
