/** A3, I1: how often an address may connect, in bounded memory. */
import fc from 'fast-check'
import t from 'tap'
import { ConnectLimit } from '../connect-limit.js'

const taken = (limit: ConnectLimit, address: string, times: number, now: number) =>
  Array.from({ length: times }, () => limit.take(address, now)).filter((wait) => wait === 0).length

t.test('connect limit: a burst passes, then the rate, and the wait is told', async (t) => {
  const limit = new ConnectLimit({ perSecond: 2, burst: 3 }, 1)
  t.equal(taken(limit, '192.0.2.1', 10, 1000), 3)
  t.equal(limit.take('192.0.2.1', 1000), 500)
  t.equal(taken(limit, '192.0.2.1', 10, 1500), 1)
  t.equal(taken(limit, '192.0.2.1', 10, 60_000), 3)
})

t.test('connect limit: addresses do not disturb each other', async (t) => {
  const limit = new ConnectLimit({ perSecond: 1, burst: 1 }, 7)
  t.equal(limit.take('192.0.2.1', 0), 0)
  t.equal(limit.take('192.0.2.2', 0), 0)
  t.ok(limit.take('192.0.2.1', 0) > 0)
})

t.test('connect limit: an IPv6 customer counts by the /64', async (t) => {
  const limit = new ConnectLimit({ perSecond: 1, burst: 1 }, 7)
  t.equal(limit.take('2001:db8::1', 0), 0)
  t.ok(limit.take('2001:db8:0:0:1::2', 0) > 0)
  t.equal(limit.take('2001:db8:0:1::1', 0), 0)
})

t.test('connect limit: a rate of 0 limits nothing', async (t) => {
  t.equal(taken(new ConnectLimit({ perSecond: 0, burst: 1 }, 1), '192.0.2.1', 1000, 0), 1000)
})

t.test('connect limit: a flood of addresses takes the oldest cells and no memory', async (t) => {
  const limit = new ConnectLimit({ perSecond: 1, burst: 1 }, 7, 16)
  for (let i = 0; i < 10_000; i++) limit.take(`10.0.${i >> 8}.${i & 255}`, i)
  t.equal(taken(limit, '192.0.2.1', 5, 20_000), 1)
})

t.test('connect limit: no address ever gets more than its burst and rate', async () => {
  const steps = fc.array(fc.nat({ max: 2000 }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (pauses, perSecond, burst) => {
      const limit = new ConnectLimit({ perSecond, burst }, 3)
      let now = 0
      let passed = 0
      for (const pause of pauses) passed += limit.take('192.0.2.1', (now += pause)) === 0 ? 1 : 0
      return passed <= burst + (now / 1000) * perSecond + 1
    }),
  )
})
