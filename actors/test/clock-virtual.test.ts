/** The virtual clock: order, turns, promises in between, and errors that say what did not happen. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'

t.test('virtual clock: timers run in order of time, then of creation', async () => {
  const property = fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 100 }), async (delays) => {
    const clock = new VirtualClock(0)
    const seen: [number, number][] = []
    for (const [place, ms] of delays.entries()) clock.after(ms, () => seen.push([clock.now(), place]))
    await clock.run(100)
    const wanted = delays.map((ms, place): [number, number] => [ms, place])
    assert.deepEqual(
      seen,
      wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]),
    )
    assert.equal(clock.now(), 100)
  })
  await fc.assert(property, { numRuns: 50 })
})

t.test('virtual clock: a cancelled timer does not run', async (t) => {
  const clock = new VirtualClock(0)
  const seen: string[] = []
  const cancel = clock.after(10, () => seen.push('cancelled'))
  clock.after(5, cancel)
  clock.after(20, () => seen.push('kept'))
  await clock.run(30)
  t.same(seen, ['kept'])
})

t.test('virtual clock: it stops at the wanted instant, with what is due then done', async (t) => {
  const clock = new VirtualClock(0)
  const seen: number[] = []
  for (const ms of [9, 10, 11]) clock.after(ms, () => seen.push(ms))
  await clock.run(10)
  t.same(seen, [9, 10])
  t.equal(clock.now(), 10)
  await clock.run(5)
  t.equal(clock.now(), 10, 'it never goes back')
})

t.test('virtual clock: chains of promises of any length are done before the next event', async (t) => {
  const clock = new VirtualClock(0)
  const seen: string[] = []
  clock.after(1, () => {
    void (async () => {
      for (let i = 0; i < 1000; i++) await Promise.resolve()
      seen.push('end of the chain')
    })()
  })
  clock.after(1, () => seen.push('next timer'))
  await clock.run(1)
  t.same(seen, ['end of the chain', 'next timer'])
})

t.test('virtual clock: turns come after the timers of the instant and before later ones', async (t) => {
  const clock = new VirtualClock(0)
  const seen: string[] = []
  clock.after(1, () => {
    seen.push('a')
    clock.turn(() => {
      seen.push('turn')
      clock.turn(() => seen.push('next turn'))
      clock.after(0, () => seen.push('timer of the turn'))
    })
  })
  clock.after(1, () => seen.push('b'))
  clock.after(2, () => seen.push('c'))
  await clock.run(2)
  t.same(seen, ['a', 'b', 'turn', 'next turn', 'timer of the turn', 'c'])
})

t.test('virtual clock: it runs until a condition holds, or says that it did not', async (t) => {
  const clock = new VirtualClock(0)
  let done = false
  clock.after(500, () => {
    done = true
  })
  clock.after(501, () => t.fail('ran too far'))
  await clock.run(() => done)
  t.equal(clock.now(), 500)
  const silent = new VirtualClock(0)
  await t.rejects(
    silent.run(() => false, 1000),
    /did not happen by 1970-01-01T00:00:01.000Z/,
  )
})

t.test('virtual clock: what a task throws rejects the run', async (t) => {
  const clock = new VirtualClock(0)
  clock.after(1, () => {
    throw new Error('broken')
  })
  await t.rejects(clock.run(10), { message: 'broken' })
})
