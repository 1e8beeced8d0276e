/** Numbered things, held against a Map that does the same. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Numbered } from '../numbered.js'

/** Comes, or the so manieth of those that are there goes. */
const steps = fc.array(fc.option(fc.nat(200), { freq: 2 }), { maxLength: 500, size: 'max' })

t.test('numbered: whatever comes and goes, what is there is what a Map would hold, in its order', async () => {
  const property = fc.property(steps, (script) => {
    const numbered = new Numbered<string>()
    const naive = new Map<number, string>()
    for (const step of script) {
      if (step === null) {
        const item = `item ${String(numbered.next)}`
        const number = numbered.add(item)
        assert.ok(!naive.has(number))
        naive.set(number, item)
      } else {
        const number = [...naive.keys()][step] ?? step
        assert.equal(numbered.take(number), naive.get(number))
        naive.delete(number)
      }
      assert.equal(numbered.size, naive.size)
    }
    assert.deepEqual([...numbered.values()], [...naive.values()])
    for (const number of naive.keys()) assert.equal(numbered.get(number), naive.get(number))
  })
  fc.assert(property)
})

t.test(
  'numbered: one that stays long is found whatever came after it, and a number is never given twice',
  async (t) => {
    const numbered = new Numbered<string>()
    const first = numbered.add('first')
    const numbers = new Set([first])
    for (let i = 0; i < 10_000; i++) {
      const number = numbered.add('other')
      numbers.add(number)
      numbered.take(number)
    }
    t.equal(numbers.size, 10_001)
    t.equal(numbered.take(first), 'first')
    t.equal(numbered.size, 0)
    t.equal(numbered.take(first), undefined)
  },
)

t.test('numbered: who takes while walking meets none that was taken and none that came meanwhile', async (t) => {
  const numbered = new Numbered<number>()
  for (let i = 1; i <= 4; i++) numbered.add(i)
  const met: number[] = []
  for (const item of numbered.values()) {
    met.push(item)
    if (item === 1) numbered.take(3)
    numbered.add(10 * item)
  }
  t.same(met, [1, 2, 4])
})

t.test('numbered: there is nothing at numbers that nobody has', async (t) => {
  const numbered = new Numbered<string>()
  numbered.add('only')
  for (const number of [0, -1, 2, NaN, 2 ** 32 + 1]) t.equal(numbered.take(number), undefined)
  t.equal(numbered.size, 1)
})
