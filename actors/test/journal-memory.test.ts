/**
 * The journal in memory: what every journal keeps to, and its faults under a seed.
 */
import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { MemoryJournalStore, type JournalFaults } from '../journal-memory.js'
import { seededRandom } from '../random.js'
import { journalConformance } from './journal-conformance.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function storeWith(faults: JournalFaults = {}, seed = 1) {
  const clock = new VirtualClock()
  return { clock, store: new MemoryJournalStore({ clock, random: seededRandom(seed), faults }) }
}

journalConformance(t, () => {
  const { store } = storeWith()
  let clients = 0
  return Promise.resolve({
    journal: () => Promise.resolve(store.journal(`n${++clients}`)),
    close: () => Promise.resolve(),
  })
})

/** The value of a promise that is settled by running the clock. */
async function after<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let done = false
  void promise.catch(() => {}).finally(() => (done = true))
  await clock.run(() => done)
  return promise
}

t.test('journal-memory: a late append is refused by the fence when somebody was faster', async (t) => {
  const { clock, store } = storeWith({ arrivesLate: 1, lateness: () => 9000, timeout: 5000 })
  const slow = store.journal('slow')
  t.match(await after(clock, slow.append(0, 0, bytes('late'))), { outcome: 'unknown' })
  store.faults = {}
  t.match(await store.journal('fast').append(0, 0, bytes('fast')), { outcome: 'stored', seq: 1 })
  await clock.run(clock.now() + 10_000)
  t.same(store.kept(0).length, 1)
})

t.test('journal-memory: a late append that nobody was faster than is stored after its caller gave up', async (t) => {
  const { clock, store } = storeWith({ arrivesLate: 1, lateness: () => 9000, timeout: 5000 })
  t.match(await after(clock, store.journal('slow').append(0, 0, bytes('late'))), { outcome: 'unknown' })
  t.same(store.kept(0).length, 0)
  await clock.run(clock.now() + 10_000)
  t.same(store.kept(0).length, 1)
})

t.test('journal-memory: under any mixture of faults the records of a shard form one chain', async () => {
  const probability = fc.double({ min: 0, max: 0.3, noNaN: true })
  const faults = fc.record({ answerLost: probability, neverArrives: probability, arrivesLate: probability })
  await fc.assert(
    fc.asyncProperty(faults, fc.integer(), async (drawn, seed) => {
      const random = seededRandom(seed)
      const { clock, store } = storeWith({ ...drawn, delay: () => random() * 50, timeout: 200 }, seed)
      const write = async (node: string) => {
        const journal = store.journal(node)
        for (let i = 0; i < 10; i++) {
          const { seq } = await journal.tail(0)
          await journal.append(0, seq, bytes(String(seq)))
        }
      }
      await after(clock, Promise.all(['a', 'b', 'c'].map(write)))
      await clock.run(clock.now() + 20_000)
      const kept = store.kept(0).map(({ seq, record }) => ({ seq, expected: Number(new TextDecoder().decode(record)) }))
      return kept.every(({ expected }, i) => expected === (kept[i - 1]?.seq ?? 0))
    }),
    { numRuns: 50 },
  )
})

t.test('journal-memory: a cut line makes appends unavailable, and those under way unknown', async (t) => {
  const { clock, store } = storeWith({ delay: () => 10 })
  const journal = store.journal('n')
  const underWay = journal.append(0, 0, bytes('a'))
  store.lines.cut('n')
  t.match(await after(clock, underWay), { outcome: 'unknown' })
  t.match(await journal.append(0, 0, bytes('b')), { outcome: 'unavailable' })
  await t.rejects(journal.tail(0))
  store.lines.heal('n')
  t.equal((await after(clock, journal.tail(0))).seq, 1)
})

t.test('journal-memory: a frozen node gets its answer when it thaws', async (t) => {
  const { clock, store } = storeWith({ delay: () => 10 })
  let answered = false
  const append = store.journal('n').append(0, 0, bytes('a')).finally(() => (answered = true)) // prettier-ignore
  store.lines.freeze('n')
  await clock.run(clock.now() + 1000)
  t.equal(store.kept(0).length, 1)
  t.equal(answered, false)
  store.lines.thaw('n')
  t.match(await append, { outcome: 'stored' })
})

t.test('journal-memory: an outage, a recreated stream and a lost tail look as they do in JetStream', async (t) => {
  const { store } = storeWith()
  const journal = store.journal('n')
  for (const expected of [0, 1, 2]) await journal.append(0, expected, bytes('x'))
  store.outage = true
  t.match(await journal.append(0, 3, bytes('x')), { outcome: 'unavailable' })
  await t.rejects(journal.tail(0))
  store.outage = false
  const { stream } = await journal.tail(0)
  store.loseTail(2)
  t.match(await journal.tail(0), { stream, seq: 1 })
  t.match(await journal.append(0, 1, bytes('again')), { outcome: 'stored', seq: 2 })
  store.recreateStream()
  const tail = await journal.tail(0)
  t.equal(tail.seq, 0)
  t.not(tail.stream, stream)
})

t.test('journal-memory: a reading can break off after some records', async (t) => {
  const { store } = storeWith({ readBreaks: 1 })
  const journal = store.journal('n')
  for (const expected of [0, 1, 2, 3]) await journal.append(0, expected, bytes('x'))
  const got: number[] = []
  await t.rejects(journal.read([{ shard: 0, after: 0, upTo: 4 }], (_shard, seq) => void got.push(seq)))
  t.same(got, [1, 2])
})
