/** Append pace: a quiet shard appends at once, a busy node gathers, nobody is forgotten. */
import t from 'tap'
import { AppendPace } from '../append-pace.js'
import { VirtualClock } from '../clock-virtual.js'

class PacedShard {
  readonly flushed: number[] = []
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  flush(): void {
    this.flushed.push(this.#clock.now())
  }
}

function busyNode(count: number) {
  const clock = new VirtualClock(1_000_000)
  const pace: AppendPace = new AppendPace(clock, () => pace.flush())
  const shards = Array.from({ length: count }, () => new PacedShard(clock))
  const flushAll = () => {
    for (const shard of shards) pace.add(shard)
    pace.flush()
  }
  return { clock, pace, shards, flushAll }
}

const appends = (shards: readonly PacedShard[]): number => shards.reduce((sum, { flushed }) => sum + flushed.length, 0)

t.test('append-pace: a shard that was quiet appends at once, however many do', async (t) => {
  const { shards, flushAll } = busyNode(100)
  flushAll()
  t.equal(appends(shards), 100)
})

t.test('append-pace: a few busy shards do not wait', async (t) => {
  const { shards, flushAll } = busyNode(3)
  for (let i = 0; i < 5; i++) flushAll()
  t.equal(appends(shards), 15)
})

t.test('append-pace: many busy shards wait for each other, but none for more than 8 ms', async (t) => {
  const { clock, shards, flushAll } = busyNode(100)
  flushAll()
  flushAll()
  t.equal(appends(shards), 100, 'they appended just now')
  await clock.run(clock.now() + 9)
  t.equal(appends(shards), 200, 'and are woken without anybody asking again')
  for (const { flushed } of shards) t.ok((flushed[1] ?? Infinity) - (flushed[0] ?? 0) <= 8)
})

t.test('append-pace: a shard is flushed only after it was added', async (t) => {
  const { pace, shards } = busyNode(1)
  pace.flush()
  t.equal(appends(shards), 0)
})

t.test('append-pace: a busy node appends for all who wait at once', async (t) => {
  const { clock, pace, shards, flushAll } = busyNode(100)
  flushAll()
  for (const shard of shards) {
    pace.add(shard)
    pace.flush()
    await clock.run(clock.now() + 0.05)
  }
  await clock.run(clock.now() + 9)
  t.equal(new Set(shards.map(({ flushed }) => flushed[1])).size, 1)
})

t.test('append-pace: a shard that was taken away is not flushed', async (t) => {
  const { clock, pace, shards, flushAll } = busyNode(100)
  flushAll()
  flushAll()
  for (const shard of shards) pace.remove(shard)
  await clock.run(clock.now() + 20)
  t.equal(appends(shards), 100)
})
