/**
 * History in memory: what every history keeps to, and its faults under a seed.
 */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { MemoryHistoryStore, type HistoryFaults } from '../history-memory.js'
import { seededRandom } from '../random.js'
import { batchOf, historyConformance, message, pageOf } from './history-conformance.js'

function storeWith(faults: HistoryFaults = {}) {
  const clock = new VirtualClock()
  const store = new MemoryHistoryStore({ clock, random: seededRandom(1), faults })
  return { clock, store, history: store.history('n') }
}

const shared = storeWith().store
historyConformance(t, { history: () => Promise.resolve(shared.history('n')), close: () => Promise.resolve() })

/** The value of a promise that is settled by running the clock. */
async function after<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let done = false
  void promise.catch(() => {}).finally(() => (done = true))
  await clock.run(() => done)
  return promise
}

const first = batchOf([message('r:a', 1)])

t.test('history-memory: an outage rejects questions and leaves a batch unknown and unwritten', async (t) => {
  const { store, history } = storeWith()
  store.outage = true
  await t.rejects(history.positions([0]), { message: 'history is away' })
  await t.rejects(history.mark([]), { message: 'history is away' })
  t.match(await history.archive(first), { outcome: 'unknown' })
  store.outage = false
  t.match(await history.positions([0]), [{ seq: 0 }])
})

t.test('history-memory: a batch that arrived before an outage is written although nobody was told', async (t) => {
  const { clock, store, history } = storeWith({ delay: () => 100 })
  const archived = history.archive(first)
  await clock.run(clock.now() + 150)
  store.outage = true
  t.match(await after(clock, archived), { outcome: 'unknown' })
  store.outage = false
  t.match(await after(clock, history.positions([0])), [{ seq: 10 }])
})

t.test('history-memory: a batch with an unknown outcome is written, never written, or written late', async (t) => {
  for (const [faults, atOnce, later] of [
    [{ answerLost: 1 }, 10, 10],
    [{ neverArrives: 1 }, 0, 0],
    [{ arrivesLate: 1, lateness: () => 15_000 }, 0, 10],
  ] as const) {
    const { clock, store, history } = storeWith(faults)
    t.match(await after(clock, history.archive(first)), { outcome: 'unknown' })
    store.faults = {}
    t.match(await history.positions([0]), [{ seq: atOnce }])
    await clock.run(clock.now() + 20_000)
    t.match(await history.positions([0]), [{ seq: later }])
  }
})

t.test('history-memory: a late batch writes nothing when the owner went on without it', async (t) => {
  const { clock, store, history } = storeWith({ arrivesLate: 1, lateness: () => 15_000 })
  await after(clock, history.archive(first))
  store.faults = {}
  const instead = batchOf([message('r:a', 1), message('r:a', 2)], { to: 20 })
  t.match(await history.archive(instead), { outcome: 'archived' })
  await clock.run(clock.now() + 20_000)
  t.match(await history.positions([0]), [{ seq: 20 }])
  t.equal((await history.activate(0, ['r:a'], 0)).found[0]?.state.head, 2)
})

t.test('history-memory: a restored copy is as it was, and stays so whatever is written after', async (t) => {
  const { store, history } = storeWith()
  await history.archive(first)
  const copy = store.snapshot()
  const second = batchOf([message('r:a', 2)], { fromStream: 's1', from: 10, to: 20 })
  for (let times = 0; times < 2; times++) {
    t.match(await history.archive(second), { outcome: 'archived' })
    store.restore(copy)
    t.match(await history.positions([0]), [{ seq: 10 }])
    t.equal((await history.page(pageOf('r:a'))).length, 1)
  }
})
