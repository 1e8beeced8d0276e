/** The archiver: batches, and what it does when history answers something else than "archived". */
import t from 'tap'
import { ArchiveTurns } from '../archive-turns.js'
import { Archiver } from '../archiver.js'
import { VirtualClock } from '../clock-virtual.js'
import { ConversationState } from '../conversation-state.js'
import { Counters } from '../counters.js'
import type { ArchiveBatch, ArchiveOutcome, ShardPosition } from '../history.js'
import { MemoryHistoryStore } from '../history-memory.js'
import { KeptEntries } from '../kept-entries.js'
import { silent } from '../logger.js'
import { seededRandom } from '../random.js'
import { Unarchived } from '../unarchived.js'
import type { UnarchivedEntry } from '../unarchived.js'
import { GROUP, NOW, batchOf, createdEntry, keptEntry, messageEntry, unarchivedEntry } from './entry-fixture.js'

const NEVER: ShardPosition = { stream: '', seq: 0, epoch: 0 }

function makeArchiver(stored: ShardPosition | null = NEVER, shard = 0) {
  const clock = new VirtualClock(NOW)
  const store = new MemoryHistoryStore({ clock, random: seededRandom(1) })
  const history = store.history('n')
  const counters = new Counters()
  const unarchived = new Unarchived(counters)
  const state = new ConversationState(GROUP)
  const kept = new KeptEntries()
  const batches: ArchiveBatch[] = []
  /** When each of them was made, milliseconds after the beginning. */
  const times: number[] = []
  /** Given instead of the store's answers, one by one. */
  const answers: ArchiveOutcome[] = []
  const seen = { wentBack: 0 }
  const archive = async (batch: ArchiveBatch): Promise<ArchiveOutcome> => {
    batches.push(batch)
    times.push(clock.now() - NOW)
    return answers.shift() ?? history.archive(batch)
  }
  const common = { clock, counters, log: silent, turns: new ArchiveTurns(1) }
  const parts = { ...common, shard, stream: 'memory-1', epoch: 7, unarchived }
  const archiver = new Archiver({ ...parts, history: { ...history, archive }, wentBack: () => seen.wentBack++ }, stored)
  /** A record of one entry, folded in and kept as its conversation does. */
  const storeRecord = (record: number) => {
    const seq = state.head + 1
    const entry = seq === 1 ? createdEntry(['ann', 'bob']) : messageEntry(seq)
    state.apply(entry, seq === 1 ? { title: 'title', participants: { ann: 'owner', bob: 'member' } } : {})
    kept.add(keptEntry(entry))
    const participants = seq === 1 ? ['ann', 'bob'].flatMap((user) => state.storedParticipant(user) ?? []) : []
    const whole: UnarchivedEntry = {
      ...unarchivedEntry(entry),
      conversation: { state, kept },
      consequences: { participants, enlists: [], list: null },
    }
    return unarchived.add(record, [whole])
  }
  const run = (ms = 20_000) => clock.run(clock.now() + ms)
  const position = async () => (await history.positions([0]))[0]
  return {
    clock,
    store,
    history,
    counters,
    unarchived,
    kept,
    batches,
    times,
    answers,
    seen,
    archiver,
    storeRecord,
    run,
    position,
  }
}

t.test('archiver: what was stored goes to history in one batch, rows and position with it', async (t) => {
  const { history, counters, unarchived, kept, batches, archiver, storeRecord, run, position } = makeArchiver()
  for (const record of [3, 4, 6]) storeRecord(record)
  archiver.wake()
  await run()
  t.equal(batches.length, 1)
  t.same(await position(), { stream: 'memory-1', seq: 6, epoch: 7 })
  const { found } = await history.activate(0, [GROUP], 0)
  t.match(found, [{ state: { head: 3, title: 'title' }, participants: [{ user: 'ann' }, { user: 'bob' }] }])
  t.equal((await history.page({ conversation: GROUP, from: 1, to: 9, limit: 9, newest: false, types: [] })).length, 3)
  t.same([unarchived.archived, counters.entriesArchived, counters.unarchivedBytes], [6, 3, 0])
  t.notOk(kept.unarchived)
})

t.test('archiver: shards that are woken together archive apart, and each every three seconds', async (t) => {
  const rounds = await Promise.all(
    Array.from({ length: 16 }, async (_, shard) => {
      const { archiver, storeRecord, run, times } = makeArchiver(NEVER, shard)
      for (const record of [3, 4]) {
        storeRecord(record)
        archiver.wake()
        await run(3_000)
      }
      return times
    }),
  )
  for (const [first = 0, second = 0] of rounds) t.equal(second - first, 3_000)
  const firsts = rounds.map(([first = 0]) => first).sort((a, b) => a - b)
  for (const [at, first] of firsts.entries()) t.ok(at === 0 || first - (firsts[at - 1] ?? 0) >= 100, String(first))
})

t.test('archiver: the next batch continues from the one before', async (t) => {
  const { batches, archiver, storeRecord, run } = makeArchiver()
  storeRecord(3)
  archiver.wake()
  await run()
  storeRecord(4)
  archiver.wake()
  await run()
  t.match(batches, [
    { fromStream: '', from: 0, to: 3 },
    { fromStream: 'memory-1', from: 3, to: 4 },
  ])
})

t.test('archiver: what another owner has archived meanwhile is not written again', async (t) => {
  const { history, unarchived, kept, batches, archiver, storeRecord, run, position } = makeArchiver()
  for (const record of [3, 4, 6]) storeRecord(record)
  await history.archive(batchOf([], { to: 4 }))
  archiver.wake()
  await run()
  t.match(batches, [
    { from: 0, to: 6 },
    { from: 4, to: 6, entries: [{ seq: 3 }] },
  ])
  t.match(await position(), { seq: 6 })
  t.equal(unarchived.archived, 6)
  t.notOk(kept.unarchived)
})

t.test('archiver: after an unknown outcome it asks where history stands', async (t) => {
  const { history, batches, answers, archiver, storeRecord, run, unarchived } = makeArchiver()
  storeRecord(3)
  answers.push({ outcome: 'unknown', reason: 'time-out' })
  archiver.wake()
  await run(3500)
  t.equal(unarchived.archived, 0)
  await history.archive(batches[0] as ArchiveBatch)
  await run()
  t.equal(batches.length, 1, 'it had arrived')
  t.equal(unarchived.archived, 3)
})

t.test('archiver: a busy shard is archived batch after batch, not one in every pause', async (t) => {
  const { batches, archiver, storeRecord, run, unarchived } = makeArchiver()
  for (let record = 1; record <= 12_000; record++) storeRecord(record)
  archiver.wake()
  await run(3100)
  t.equal(batches.length, 3)
  t.equal(unarchived.archived, 12_000)
})

t.test('archiver: a batch that never arrived is sent again', async (t) => {
  const { batches, answers, archiver, storeRecord, run, position } = makeArchiver()
  storeRecord(3)
  answers.push({ outcome: 'unknown', reason: 'time-out' })
  archiver.wake()
  await run()
  t.equal(batches.length, 2)
  t.match(await position(), { seq: 3 })
})

t.test('archiver: while history is away nothing is lost, and it goes on when it is back', async (t) => {
  const { store, archiver, storeRecord, run, position, unarchived } = makeArchiver(null)
  store.outage = true
  storeRecord(3)
  archiver.wake()
  await run()
  t.equal(unarchived.archived, 0)
  store.outage = false
  await run()
  t.match(await position(), { seq: 3 })
})

t.test('archiver: a record of which others were not told holds back, until they were', async (t) => {
  const { archiver, storeRecord, run, position } = makeArchiver()
  storeRecord(3)
  const record = storeRecord(4)
  record.unconfirmed = 1
  storeRecord(5)
  archiver.wake()
  await run()
  t.match(await position(), { seq: 3 })
  record.unconfirmed = 0
  await run()
  t.match(await position(), { seq: 5 }, 'nobody had to wake it')
})

t.test('archiver: history that stands before what is archived has lost it', async (t) => {
  const { seen, unarchived, batches, archiver, storeRecord, run } = makeArchiver({
    stream: 'memory-1',
    seq: 2,
    epoch: 7,
  })
  unarchived.startAt(3)
  storeRecord(4)
  archiver.wake()
  await run()
  t.same([seen.wentBack, batches.length], [1, 0])
})

t.test('archiver: an entry stored at whatever moment of a batch is archived without another', async (t) => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const { archiver, storeRecord, run, position, answers } = makeArchiver()
    storeRecord(3)
    archiver.wake()
    // its own answer is a promise, so an answer of the journal may come at any microtask after it
    answers.push = () => 0
    answers.shift = () => {
      void (async () => {
        for (let i = 0; i < ticks; i++) await Promise.resolve()
        storeRecord(4)
        archiver.wake()
      })()
      answers.shift = () => undefined
      return undefined
    }
    await run()
    t.match(await position(), { seq: 4 }, `${String(ticks)} microtasks later`)
  }
})

t.test('archiver: what is archived may be purged once it is old enough', async (t) => {
  const { archiver, storeRecord, run } = makeArchiver()
  storeRecord(3)
  archiver.wake()
  await run(5_000)
  t.equal(archiver.purgeable(60_000), 0)
  await run(60_000)
  t.equal(archiver.purgeable(60_000), 3)
  t.equal(archiver.purgeable(60_000), 0, 'said once')
})

t.test('archiver: once stopped it writes nothing', async (t) => {
  const { archiver, storeRecord, run, batches } = makeArchiver()
  storeRecord(3)
  archiver.wake()
  archiver.stop()
  await run()
  archiver.wake()
  await run()
  t.equal(batches.length, 0)
})
