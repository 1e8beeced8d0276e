import fc from 'fast-check'
import t from 'tap'
import { Backoff } from '../backoff.js'

t.test(
  'backoff: every wait is from 0 up to a ceiling that doubles to the maximum, and starts again after reset',
  (t) => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.array(chance, { minLength: 1, maxLength: 40 }), (chances) => {
        let i = 0
        const backoff = new Backoff({ min: 200, max: 20_000 }, () => chances[i] ?? 0)
        for (; i < chances.length; i++) {
          const ceiling = Math.min(20_000, 200 * 2 ** i)
          if (backoff.next() !== (chances[i] ?? 0) * ceiling) return false
        }
        backoff.reset()
        return backoff.next() <= 200
      }),
    )
    t.end()
  },
)
