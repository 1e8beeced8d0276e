/** Write pace: sockets that get one frame each are written at once; while each gets several, rounds wait for one another, and nobody is forgotten. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { WritePace } from '../write-pace.js'

function paced() {
  const clock = new VirtualClock(1_000_000)
  const woken: number[] = []
  const pace = new WritePace(clock, () => woken.push(clock.now()))
  /** A round of writes that took so long. */
  const write = async (ms: number, sockets: number, frames: number): Promise<void> => {
    const start = clock.now()
    await clock.run(start + ms)
    pace.wrote(start, sockets, frames)
  }
  return { clock, pace, woken, write }
}

t.test('write-pace: an ack and a push to each socket leave at once, however many sockets there are', async (t) => {
  const { pace, woken, write } = paced()
  t.ok(pace.isTime())
  await write(20, 1000, 2000)
  t.ok(pace.isTime())
  t.same(woken, [])
})

t.test('write-pace: after a round of many frames for each socket the next one waits as long as it took', async (t) => {
  const { clock, pace, woken, write } = paced()
  await write(6, 1000, 10_000)
  const end = clock.now()
  t.notOk(pace.isTime())
  t.notOk(pace.isTime(), 'asking twice sets one timer')
  await clock.run(end + 5)
  t.notOk(pace.isTime())
  t.same(woken, [])
  await clock.run(end + 20)
  t.same(woken, [end + 6])
  t.ok(pace.isTime())
})

t.test('write-pace: it never waits longer than 10 ms, nor after a round that took no time', async (t) => {
  const { clock, pace, woken, write } = paced()
  await write(500, 10_000, 100_000)
  const end = clock.now()
  t.notOk(pace.isTime())
  await clock.run(end + 100)
  t.same(woken, [end + 10])
  await write(0, 10, 100)
  t.ok(pace.isTime())
})

t.test('write-pace: a clock that was set back holds nothing up', async (t) => {
  let now = 1_000_000
  const clock = { now: () => now, after: () => () => undefined, turn: () => undefined }
  const pace = new WritePace(clock, () => undefined)
  now += 5
  pace.wrote(now - 5, 100, 1000)
  t.notOk(pace.isTime())
  now -= 3_600_000
  t.ok(pace.isTime())
})
