import fc from 'fast-check'
import t from 'tap'
import { scaleOf } from '../axis.js'

t.test('axis: a linear one begins at zero and has round ticks', async (t) => {
  const scale = scaleOf({ title: '', scale: 'linear' }, [3, 14])
  t.same(scale.ticks, [0, 5, 10, 15])
  t.equal(scale.place(0), 0)
  t.equal(scale.place(15), 1)
})

t.test('axis: a logarithmic one has the decades, and halves of them over few', async (t) => {
  t.same(scaleOf({ title: '', scale: 'log' }, [2, 9000]).ticks, [1, 10, 100, 1000, 10_000])
  t.same(scaleOf({ title: '', scale: 'log' }, [2, 40]).ticks, [2, 5, 10, 20, 50])
})

t.test('axis: every value lies on the paper, rising', async () => {
  const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(values, fc.constantFrom('linear' as const, 'log' as const), (all, scale) => {
      const paper = scaleOf({ title: '', scale }, all)
      const places = [...all].sort((a, b) => a - b).map((value) => paper.place(value))
      const isInside = places.every((at) => at >= -0.001 && at <= 1.001)
      return isInside && paper.ticks.length >= 2 && places.every((at, index) => at >= (places[index - 1] ?? 0))
    }),
  )
})
