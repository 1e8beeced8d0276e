import fc from 'fast-check'
import t from 'tap'
import { Latency } from '../latency.js'

t.test('latency: percentiles are within one percent', async () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), { minLength: 1 }), (values) => {
      const latency = new Latency()
      for (const value of values) latency.record(value)
      const sorted = [...values].sort((a, b) => a - b)
      const exact = sorted[Math.ceil(sorted.length / 2) - 1] as number
      const { p50, count } = latency.percentiles()
      return count === values.length && Math.abs(p50 - exact) <= exact * 0.01 + 0.001
    }),
  )
})

t.test('latency: what two processes recorded adds up', async (t) => {
  const [a, b, both] = [new Latency(), new Latency(), new Latency()]
  for (let value = 1; value <= 100; value++) (value % 2 ? a : b).record(value)
  both.add(a.data())
  both.add(b.data())
  const { count, p50, max } = both.percentiles()
  t.equal(count, 100)
  t.ok(Math.abs(p50 - 50) < 0.5)
  t.equal(max, 100)
})

t.test('latency: nothing recorded is zeros', async (t) => {
  t.same(new Latency().percentiles(), { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 })
})
