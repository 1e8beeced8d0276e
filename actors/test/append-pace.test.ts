/** Append pace: a quiet node appends at once, a busy one in beats that keep time with the journal, nobody is forgotten. */
import t from 'tap'
import { AppendPace } from '../append-pace.js'
import { VirtualClock } from '../clock-virtual.js'

class PacedShard {
  readonly flushed: number[] = []
  isAppending = false
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  flush(): void {
    this.isAppending = true
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
  /** The journal answers all appends. */
  const answer = () => {
    for (const shard of shards) shard.isAppending = false
    flushAll()
  }
  const wait = (ms: number): Promise<void> => clock.run(clock.now() + ms)
  return { pace, shards, flushAll, answer, wait }
}

const appends = (shards: readonly PacedShard[]): number => shards.reduce((sum, { flushed }) => sum + flushed.length, 0)

t.test('append-pace: after a quiet moment everybody appends at once', async (t) => {
  const { shards, flushAll } = busyNode(100)
  flushAll()
  t.equal(appends(shards), 100)
})

t.test('append-pace: the next beat waits until the appends of the one before are answered', async (t) => {
  const { shards, flushAll, answer, wait } = busyNode(10)
  flushAll()
  await wait(4)
  flushAll()
  t.equal(appends(shards), 10)
  answer()
  t.equal(appends(shards), 20)
})

t.test('append-pace: answers that come at once do not make a beat of every entry', async (t) => {
  const { shards, flushAll, answer, wait } = busyNode(3)
  flushAll()
  answer()
  t.equal(appends(shards), 3)
  await wait(1)
  t.equal(appends(shards), 6, 'woken without anybody asking again')
})

t.test('append-pace: where many shards append in a millisecond a beat takes three', async (t) => {
  const { shards, flushAll, answer, wait } = busyNode(24)
  flushAll()
  answer()
  await wait(2)
  t.equal(appends(shards), 24)
  await wait(1)
  t.equal(appends(shards), 48)
})

t.test('append-pace: an answer that does not come holds nobody up for more than 8 ms', async (t) => {
  const { shards, flushAll, wait } = busyNode(3)
  flushAll()
  flushAll()
  await wait(9)
  t.equal(appends(shards), 6)
  for (const { flushed } of shards) t.ok((flushed[1] ?? Infinity) - (flushed[0] ?? 0) <= 8)
})

t.test('append-pace: a shard is flushed only after it was added', async (t) => {
  const { pace, shards } = busyNode(1)
  pace.flush()
  t.equal(appends(shards), 0)
})

t.test('append-pace: a shard that was taken away is neither flushed nor waited for', async (t) => {
  const { pace, shards, flushAll, wait } = busyNode(100)
  const [first, ...others] = shards
  flushAll()
  flushAll()
  for (const shard of others) pace.remove(shard)
  if (first !== undefined) first.isAppending = false
  await wait(3)
  t.equal(appends(shards), 101)
  t.equal(first?.flushed.length, 2)
})

t.test('append-pace: a clock that was set back holds nothing up', async (t) => {
  let now = 1_000_000
  const clock = { now: () => now, after: () => () => undefined, turn: () => undefined }
  const pace = new AppendPace(clock, () => undefined)
  const shard = new PacedShard(new VirtualClock())
  for (const set of [0, -3_600_000]) {
    now += set
    shard.isAppending = false
    pace.add(shard)
    pace.flush()
  }
  t.equal(shard.flushed.length, 2)
})
