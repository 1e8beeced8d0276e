/** The system clock: turns share one setImmediate, timers can be cancelled and may be longer than Node's. */
import t from 'tap'
import { systemClock } from '../clock-system.js'

t.test('system clock: turns run after the current code, in order, and those asked for by one come later', async (t) => {
  const seen: string[] = []
  await new Promise<void>((resolve) => {
    systemClock.turn(() => {
      seen.push('first')
      systemClock.turn(() => {
        seen.push('of the first')
        resolve()
      })
    })
    systemClock.turn(() => seen.push('second'))
    setImmediate(() => seen.push('immediate'))
    void Promise.resolve().then(() => seen.push('promise'))
    seen.push('code')
  })
  t.same(seen, ['code', 'promise', 'first', 'second', 'immediate', 'of the first'])
})

t.test('system clock: a timer runs once, a cancelled one never', async (t) => {
  const seen: string[] = []
  const cancel = systemClock.after(1, () => seen.push('cancelled'))
  await new Promise<void>((resolve) => {
    systemClock.after(5, () => {
      seen.push('kept')
      resolve()
    })
    cancel()
  })
  t.same(seen, ['kept'])
})

t.test('system clock: a timer of two months or of ever does not fire at once, and lets the process end', async (t) => {
  const seen: string[] = []
  const cancels = [60 * 86_400_000, Infinity].map((ms) => systemClock.after(ms, () => seen.push('fired')))
  await new Promise<void>((resolve) => void systemClock.after(20, resolve))
  for (const cancel of cancels) cancel()
  t.same(seen, [])
})

t.test('system clock: now is the time of the machine', async (t) => {
  const before = Date.now()
  const now = systemClock.now()
  t.ok(now >= before && now <= Date.now())
})
