import t from 'tap'
import fc from 'fast-check'
import { NumbersInFlight } from '../numbers-in-flight.js'

t.test('numbers in flight: come out in the order they went in, and NaN when there is none', async () => {
  const steps = fc.array(fc.option(fc.integer(), { nil: null }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (pushes) => {
      const [ring, model] = [new NumbersInFlight(), [] as number[]]
      return pushes.every((number) => {
        if (number === null) return Object.is(ring.shift(), model.shift() ?? NaN)
        ring.push(number)
        return ring.count === model.push(number)
      })
    }),
  )
})
