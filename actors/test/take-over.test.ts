/** Taking a shard over: what is found and what a new epoch is begun for. */
import assert from 'node:assert/strict'
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { Counters } from '../counters.js'
import { MemoryHistoryStore } from '../history-memory.js'
import type { Journal } from '../journal.js'
import { MemoryJournalStore } from '../journal-memory.js'
import { silent } from '../logger.js'
import { seededRandom } from '../random.js'
import { decodeRecord, encodeRecord } from '../record.js'
import type { RecordHead } from '../record.js'
import { NotOurs, takeOver } from '../take-over.js'
import type { TakeOverParts } from '../take-over.js'
import { NOW, batchOf } from './entry-fixture.js'

const SECOND = NOW / 1000
const OLD: RecordHead = { view: 1, node: 'n0', incarnation: 1, number: 1, prev: 0, archived: 0, epoch: 7 }

function makeWorld() {
  const clock = new VirtualClock(NOW)
  const options = { clock, random: seededRandom(1) }
  const journalStore = new MemoryJournalStore(options)
  const historyStore = new MemoryHistoryStore(options)
  const journal = journalStore.journal('n1')
  const history = historyStore.history('n1')
  /** Appends records of an earlier owner, each after the one before. */
  const write = async (...heads: Partial<RecordHead>[]) => {
    for (const head of heads) {
      const tail = await journal.tail(0)
      const number = tail.record === null ? 1 : decodeRecord(tail.record).number + 1
      await journal.append(
        0,
        tail.seq,
        encodeRecord({ ...OLD, number, prev: tail.seq, ...head }, [new Uint8Array([number])]),
      )
    }
  }
  const archive = (to: number, stream = 'memory-1') => history.archive(batchOf([], { to, stream }))
  const run = async (parts: Partial<TakeOverParts> = {}) => {
    const owner = () => ({ view: 2, node: 'n1', incarnation: 9 })
    const all = {
      journal,
      history,
      clock,
      counters: new Counters(),
      log: silent,
      shard: 0,
      owner,
      known: null,
      behind: () => undefined,
      ...parts,
    }
    const taking = takeOver(all)
    let done = false
    taking.finally(() => (done = true)).catch(() => undefined)
    await clock.run(() => done, 60_000)
    return taking
  }
  const newest = () => decodeRecord(journalStore.kept(0).at(-1)?.record ?? new Uint8Array(0))
  return { clock, journalStore, historyStore, journal, history, write, archive, run, newest }
}

t.test('take-over: an empty shard begins with an ownership record and an epoch of this time', async (t) => {
  const { run, newest } = makeWorld()
  const taken = await run()
  t.match(taken, { stream: 'memory-1', epoch: SECOND, position: { seq: 1, number: 1 }, archived: 0, records: [] })
  t.same(newest(), { view: 2, node: 'n1', incarnation: 9, number: 1, prev: 0, archived: 0, epoch: SECOND, entries: [] })
})

t.test('take-over: records after the archived position are read, the epoch stays', async (t) => {
  const { write, archive, run, newest } = makeWorld()
  await write({}, {}, {})
  await archive(2)
  const taken = await run()
  t.match(taken, { epoch: 7, archived: 2, position: { seq: 4, number: 4 }, stored: { seq: 2, epoch: 7 } })
  t.same(
    taken.records.map(({ seq }) => seq),
    [3],
  )
  t.match(newest(), { view: 2, prev: 3, epoch: 7 })
})

t.test('take-over: when all is archived nothing is read', async (t) => {
  const { write, archive, run } = makeWorld()
  await write({}, {})
  await archive(2)
  t.match(await run(), { epoch: 7, archived: 2, records: [], position: { seq: 3 } })
})

t.test('take-over: a shard that never was archived is read from its first record', async (t) => {
  const { write, run } = makeWorld()
  await write({}, {})
  const taken = await run()
  t.match(taken, { epoch: 7, archived: 0, stored: { stream: '', seq: 0 } })
  t.equal(taken.records.length, 2)
})

t.test('take-over: while history is away it begins where the newest record says', async (t) => {
  const { historyStore, write, run } = makeWorld()
  await write({}, {}, { archived: 1 })
  historyStore.outage = true
  const taken = await run()
  t.match(taken, { epoch: 7, stored: null, archived: 1 })
  t.same(
    taken.records.map(({ seq }) => seq),
    [2, 3],
  )
})

t.test('take-over: a tail of a newer view is left alone until this node knows that view', async (t) => {
  const { journalStore, write, run } = makeWorld()
  await write({ view: 5 })
  let view = 2
  const learnt: number[] = []
  const behind = (newer: number) => {
    learnt.push(newer)
    if (learnt.length === 3) view = newer
  }
  const taken = await run({ owner: () => ({ view, node: 'n1', incarnation: 9 }), behind })
  t.same(learnt, [5, 5, 5])
  t.match(taken, { position: { seq: 2 } })
  t.equal(journalStore.kept(0).length, 2)
})

t.test('take-over: a shard that goes to another node is given up', async (t) => {
  const { journalStore, run } = makeWorld()
  await assert.rejects(run({ owner: () => null }), NotOurs)
  t.equal(journalStore.kept(0).length, 0)
  journalStore.outage = true
  let asked = 0
  await assert.rejects(run({ owner: () => (asked++ < 3 ? { view: 2, node: 'n1', incarnation: 9 } : null) }), NotOurs)
})

t.test('take-over: a journal that is away for a while is asked again', async (t) => {
  const { clock, journalStore, write, run } = makeWorld()
  await write({})
  journalStore.outage = true
  clock.after(2000, () => (journalStore.outage = false))
  t.match(await run(), { epoch: 7, position: { seq: 2 } })
})

t.test('take-over: an ownership record whose answer was lost is recognised', async (t) => {
  const { clock, journalStore, write, run } = makeWorld()
  await write({})
  journalStore.faults = { answerLost: 1, timeout: 100 }
  clock.after(150, () => (journalStore.faults = {}))
  t.match(await run(), { epoch: 7, position: { seq: 2, number: 2 } })
  t.equal(journalStore.kept(0).length, 2)
})

t.test('take-over: an ownership record that never arrived, or arrives late, is stored once', async (t) => {
  for (const faults of [{ neverArrives: 1 }, { arrivesLate: 1, lateness: () => 120 }]) {
    const { clock, journalStore, write, run } = makeWorld()
    await write({})
    journalStore.faults = { ...faults, timeout: 100 }
    clock.after(110, () => (journalStore.faults = {}))
    t.match(await run(), { epoch: 7, position: { seq: 2, number: 2 } })
    await clock.run(clock.now() + 20_000)
    t.equal(journalStore.kept(0).length, 2)
  }
})

t.test('take-over: a shard that goes elsewhere while the outcome is unknown is given up', async (t) => {
  const { clock, journalStore, run } = makeWorld()
  journalStore.faults = { neverArrives: 1, timeout: 100 }
  let mine = true
  clock.after(1000, () => (mine = false))
  await assert.rejects(run({ owner: () => (mine ? { view: 2, node: 'n1', incarnation: 9 } : null) }), NotOurs)
  t.equal(journalStore.kept(0).length, 0)
})

t.test('take-over: the fence stands at the tail that was read, and shuts the owner before out', async (t) => {
  const { journal, write, run, newest } = makeWorld()
  await write({}, {})
  const fences: number[] = []
  const append: typeof journal.append = (shard, expected, record) => {
    fences.push(expected)
    return journal.append(shard, expected, record)
  }
  const { position } = await run({ journal: { ...journal, append } })
  t.same([fences, position.seq], [[2], 3])
  const late = encodeRecord({ ...OLD, number: 3, prev: 2 }, [new Uint8Array([3])])
  t.same(await journal.append(0, 2, late), { outcome: 'refused' })
  t.match(newest(), { view: 2, number: 3 })
})

t.test('take-over: no more is read than what lies between the archived position and the fence', async (t) => {
  const { journal, write, archive, run } = makeWorld()
  await write({}, {}, {})
  await archive(1)
  const ranges: unknown[] = []
  const read: typeof journal.read = (wanted, each) => {
    ranges.push(...wanted)
    return journal.read(wanted, each)
  }
  await run({ journal: { ...journal, read } })
  t.same(ranges, [{ shard: 0, after: 1, upTo: 3 }])
})

t.test('take-over: a reading that breaks off is begun again', async (t) => {
  const { clock, journalStore, write, run } = makeWorld()
  await write({}, {})
  journalStore.faults = { readBreaks: 1 }
  clock.after(250, () => (journalStore.faults = {}))
  const { records, epoch } = await run()
  t.same([records.map(({ record }) => record.number).slice(0, 2), epoch], [[1, 2], 7])
})

t.test('take-over: whatever fails, time passes before it is tried again', async (t) => {
  const away = () => Promise.reject(new Error('away'))
  const faults: Record<string, Partial<Journal>> = {
    'the tail cannot be read': { tail: away },
    'the records cannot be read': { read: away },
    'no append arrives': { append: () => Promise.resolve({ outcome: 'unavailable', reason: '' }) },
    'no answer arrives': { append: () => Promise.resolve({ outcome: 'unknown', reason: '' }) },
    'somebody is always faster': { append: () => Promise.resolve({ outcome: 'refused' }) },
  }
  for (const [name, fault] of Object.entries(faults)) {
    const { clock, journal, write, run } = makeWorld()
    await write({}, {})
    let [now, calls, most] = [0, 0, 0]
    const counted = <A extends unknown[], R>(ask: (...args: A) => Promise<R>) => {
      return (...args: A): Promise<R> => {
        calls = clock.now() === now ? calls + 1 : 1
        now = clock.now()
        most = Math.max(most, calls)
        // what goes in circles here would never let the test end
        return calls > 50 ? new Promise(() => undefined) : ask(...args)
      }
    }
    const { tail, append, read } = { ...journal, ...fault }
    const broken = { ...journal, tail: counted(tail), append: counted(append), read: counted(read) }
    await assert.rejects(run({ journal: broken }), /did not happen/)
    t.ok(most < 6, name)
  }
})

t.test('take-over: somebody faster is noticed, and what they wrote is read', async (t) => {
  const { journal, write, run } = makeWorld()
  await write({})
  let raced = false
  const append: typeof journal.append = async (...args) => {
    if (!raced) await write({})
    raced = true
    return journal.append(...args)
  }
  const taken = await run({ journal: { ...journal, append } })
  t.equal(taken.records.length, 2)
  t.match(taken.position, { seq: 3, number: 3 })
})

t.test('take-over: a recreated stream begins a new epoch above the one in history', async (t) => {
  const { journalStore, write, archive, run, newest } = makeWorld()
  await write({}, {})
  await archive(2)
  journalStore.recreateStream()
  const taken = await run()
  t.match(taken, { stream: 'memory-2', archived: 0, records: [], position: { seq: 2, number: 2 } })
  t.ok(taken.epoch > 7)
  t.match(newest(), { epoch: taken.epoch, prev: 1 })
})

t.test('take-over: history ahead of the journal begins a new epoch', async (t) => {
  const { journalStore, write, archive, run } = makeWorld()
  await write({}, {}, {})
  await archive(3)
  journalStore.loseTail(1)
  const taken = await run()
  t.ok(taken.epoch > 7)
  t.same([taken.archived, taken.records.length], [0, 2])
})

t.test('take-over: a missing record after the archived position begins a new epoch', async (t) => {
  const { write, archive, run } = makeWorld()
  await write({}, {}, { prev: 1 })
  await archive(1)
  t.ok((await run()).epoch > 7)
})

t.test('take-over: a purge beyond the archived position begins a new epoch', async (t) => {
  const { journal, write, archive, run } = makeWorld()
  await write({}, {}, {})
  await archive(1)
  await journal.purge(0, 3)
  t.ok((await run()).epoch > 7)
})

t.test('take-over: while history is away, what was purged is taken to be archived', async (t) => {
  const { journal, historyStore, write, run } = makeWorld()
  await write({}, {}, {})
  await journal.purge(0, 3)
  historyStore.outage = true
  const taken = await run()
  t.match(taken, { epoch: 7, archived: 2, stored: null })
  t.same(
    taken.records.map(({ seq }) => seq),
    [3],
  )
})

t.test('take-over: a record that is missing further on begins a new epoch also while history is away', async (t) => {
  const { historyStore, write, run } = makeWorld()
  await write({}, {}, { prev: 1 })
  historyStore.outage = true
  t.ok((await run()).epoch > 7)
})

t.test('take-over: somebody who comes between is no reason for a second epoch', async (t) => {
  const { journal, write, run, newest } = makeWorld()
  await write({})
  let appends = 0
  const append: typeof journal.append = async (...args) => {
    // after the ownership record, before that of the new epoch
    if (++appends === 2) await write({ epoch: SECOND + 50, view: 2 })
    return journal.append(...args)
  }
  const taken = await run({ journal: { ...journal, append }, known: { stream: 'memory-1', seq: 3, epoch: 7 } })
  t.match(newest(), { epoch: taken.epoch, prev: 3 })
  t.match(taken, { epoch: SECOND + 50, position: { seq: 4 } })
})

t.test('take-over: a journal that stands below where this node left it begins a new epoch', async (t) => {
  const { write, archive, run } = makeWorld()
  await write({}, {})
  await archive(1)
  t.equal((await run({ known: { stream: 'memory-1', seq: 2, epoch: 7 } })).epoch, 7)
  t.ok((await run({ known: { stream: 'memory-1', seq: 9, epoch: 7 } })).epoch > 7)
})

t.test('take-over: each new epoch is above the last, however soon', async (t) => {
  const { run } = makeWorld()
  const known = { stream: 'another', seq: 1, epoch: 7 }
  const epochs = [await run({ known }), await run({ known }), await run({ known })].map(({ epoch }) => epoch)
  t.same(epochs, [SECOND + 1, SECOND + 2, SECOND + 3])
})

t.test('take-over: an epoch whose record was lost is not begun again in the same second', async (t) => {
  const { journalStore, write, run } = makeWorld()
  await write({})
  const first = await run({ known: { stream: 'another', seq: 1, epoch: 7 } })
  const known = { stream: first.stream, seq: first.position.seq, epoch: first.epoch }
  journalStore.loseTail(2)
  t.ok((await run({ known })).epoch > first.epoch)
})
