/** Delay line: everything leaves once, after the delay, in order and spread as it came. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { DelayLine } from '../delay-line.js'

const TIMES = { delay: 1_000, step: 50 }

t.test('delay line: each thing leaves after the delay, in the order they came, a step later at most', async (t) => {
  const clock = new VirtualClock()
  const start = clock.now()
  const left: { readonly came: number; readonly went: number }[] = []
  const line = new DelayLine<number>(clock, TIMES, (items) => {
    for (const came of items) left.push({ came, went: clock.now() - start })
  })
  for (let came = 0; came < 3_000; came += 10) clock.after(came, () => line.add(came))
  await clock.run(start + 5_000)
  t.same(
    left.map(({ came }) => came),
    Array.from({ length: 300 }, (_, i) => 10 * i),
  )
  for (const { came, went } of left) {
    t.ok(went >= came + TIMES.delay - TIMES.step, `${String(came)} left at ${String(went)}`)
    t.ok(went <= came + TIMES.delay + TIMES.step, `${String(came)} left at ${String(went)}`)
  }
})

t.test('delay line: what is added while things leave takes the whole delay again', async (t) => {
  const clock = new VirtualClock()
  const start = clock.now()
  const times: number[] = []
  const line = new DelayLine<string>(clock, TIMES, (items) => {
    times.push(clock.now() - start)
    if (times.length < 3) for (const item of items) line.add(item)
  })
  line.add('around')
  await clock.run(start + 10_000)
  t.same(times, [1_000, 2_000, 3_000])
})

t.test('delay line: a clock that was set back holds nothing up for longer than the delay', async (t) => {
  const clock = new VirtualClock()
  const begin = clock.now()
  let back = 0
  const skewed = {
    now: () => clock.now() - back,
    after: (ms: number, task: () => void) => clock.after(ms, task),
    turn: (task: () => void) => clock.turn(task),
  }
  const left: string[] = []
  const line = new DelayLine<string>(skewed, TIMES, (items) => left.push(...items))
  line.add('before')
  await clock.run(begin + 100)
  line.add('also before')
  back = 3_600_000
  line.add('after')
  await clock.run(begin + 2 * TIMES.delay + 100)
  t.same(left, ['before', 'also before', 'after'])
})
