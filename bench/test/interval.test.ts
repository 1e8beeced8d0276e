import t from 'tap'
import { intervalOf } from '../interval.js'

t.test('interval: equal values leave no doubt', async (t) => {
  t.strictSame(intervalOf([2, 2, 2]), { mean: 2, margin: 0 })
})

t.test('interval: the margin is that of Student for as many values', async (t) => {
  const { mean, margin } = intervalOf([1, 2, 3, 4, 5])
  t.equal(mean, 3)
  t.ok(Math.abs(margin - 1.963) < 0.01, `a margin of ${String(margin)}`)
})
