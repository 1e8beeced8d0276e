/** The token bucket: bursts, refilling, and clocks that step back. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { TokenBucket } from '../token-bucket.js'

const rate = { perSecond: 10, burst: 5 }

t.test('token bucket: a burst passes, then one at a time as tokens come back', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  for (let i = 0; i < 5; i++) t.ok(bucket.take(rate, 0))
  t.notOk(bucket.take(rate, 0))
  t.equal(bucket.wait(rate, 0), 100)
  t.notOk(bucket.take(rate, 99))
  t.ok(bucket.take(rate, 100))
  t.notOk(bucket.take(rate, 100))
  t.equal(bucket.wait(rate, 10_000), 0)
})

t.test('token bucket: what costs more than a full bucket goes when it is full', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  t.ok(bucket.take(rate, 0, 50))
  t.notOk(bucket.take(rate, 499, 50))
  t.equal(bucket.wait(rate, 499, 50), 1)
  t.ok(bucket.take(rate, 500, 50))
})

t.test('token bucket: a clock that steps back neither gives nor takes', async (t) => {
  const bucket = new TokenBucket(rate, 1000)
  t.ok(bucket.take(rate, 1000, 5))
  t.notOk(bucket.take(rate, 0))
  t.notOk(bucket.take(rate, 99))
  t.ok(bucket.take(rate, 100))
})

t.test('token bucket: no stretch of time lets through more than the burst and what came back', async () => {
  const times = fc.array(fc.record({ after: fc.nat(400), cost: fc.integer({ min: 1, max: 5 }) }), { maxLength: 100 })
  const property = fc.property(times, (asks) => {
    const bucket = new TokenBucket(rate, 0)
    let now = 0
    let taken = 0
    for (const { after, cost } of asks) {
      now += after
      const wait = bucket.wait(rate, now, cost)
      const passed = bucket.take(rate, now, cost)
      assert.equal(passed, wait === 0)
      if (passed) taken += cost
      assert.ok(taken <= rate.burst + (now * rate.perSecond) / 1000 + 1e-6)
    }
  })
  fc.assert(property)
})
