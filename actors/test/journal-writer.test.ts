/** The journal writer: group commit, doubt, fence and fairness, on a journal that answers when the test says so. */
import fc from 'fast-check'
import t from 'tap'
import type { ConversationId } from '../../protocol/ids.js'
import { VirtualClock } from '../clock-virtual.js'
import { Counters } from '../counters.js'
import { JournalWriter } from '../journal-writer.js'
import { KeptEntries } from '../kept-entries.js'
import type { PendingEntry, WritingConversation } from '../pending-entry.js'
import { RECORD_BYTES, decodeRecord, encodeRecord } from '../record.js'
import { messageEntry, unarchivedEntry } from './entry-fixture.js'
import { ScriptedJournal } from './journal-scripted.js'
import { stateOf } from './state-fixture.js'

const UNKNOWN = { outcome: 'unknown', reason: 'time-out' } as const
const OWNER = { view: 3, node: 'n1', incarnation: 5, archived: 0, epoch: 7 }

const conversationOf = (id: ConversationId): WritingConversation => ({
  id,
  state: stateOf({ ann: 'owner' }, { conversation: id }),
  kept: new KeptEntries(),
  commit: () => undefined,
})

function pendingOf(conversation: WritingConversation, seq: number, size = 100): PendingEntry {
  const entry = unarchivedEntry(messageEntry(seq, { conversation: conversation.id }))
  const none = { epoch: 7, membershipBefore: 1, membershipSeq: 1, since: 0, leaving: [], to: null, also: null }
  return { ...entry, ...none, bytes: new Uint8Array(size), conversation }
}

function makeWriter() {
  const clock = new VirtualClock()
  const journal = new ScriptedJournal()
  const counters = new Counters()
  const stored: { readonly seq: number; readonly seqs: readonly number[] }[] = []
  const seen = { fenced: 0 }
  const writer = new JournalWriter(
    {
      journal,
      clock,
      counters,
      shard: 0,
      head: (number, prev) => ({ ...OWNER, number, prev }),
      stored: (seq, queued) => stored.push({ seq, seqs: queued.map((entry) => entry.seq) }),
      fenced: () => seen.fenced++,
    },
    { seq: 10, number: 4 },
  )
  const room = conversationOf('r:a')
  const add = (...seqs: number[]) => {
    for (const seq of seqs) writer.add(pendingOf(room, seq))
    writer.flush()
  }
  /** Lets what was settled take its course. */
  const settle = (ms = 0) => clock.run(clock.now() + ms)
  return { clock, journal, counters, stored, seen, writer, add, settle }
}

t.test('journal-writer: one record is on its way, what comes meanwhile becomes the next', async (t) => {
  const { journal, stored, writer, add, settle } = makeWriter()
  add(1)
  add(2)
  add(3)
  t.equal(journal.appends.length, 1)
  journal.store(12)
  await settle()
  t.same(stored, [{ seq: 12, seqs: [1] }])
  t.same(writer.position, { seq: 12, number: 5 })
  writer.flush()
  t.equal(journal.appends.length, 2)
  t.equal(journal.last.expected, 12)
  t.equal(decodeRecord(journal.last.record).entries.length, 2)
  journal.store(13)
  await settle()
  t.same(stored.at(-1), { seq: 13, seqs: [2, 3] })
})

t.test('journal-writer: a record names its writer, its number and the record before it', async (t) => {
  const { journal, add } = makeWriter()
  add(1)
  t.match(decodeRecord(journal.last.record), { ...OWNER, number: 5, prev: 10 })
  t.equal(journal.last.expected, 10)
})

t.test('journal-writer: without entries nothing is appended', async (t) => {
  const { journal, writer } = makeWriter()
  writer.flush()
  t.equal(journal.appends.length, 0)
})

t.test('journal-writer: while an outcome is unknown the same bytes are repeated, until they are stored', async (t) => {
  const { journal, stored, counters, add, settle } = makeWriter()
  add(1)
  for (let i = 0; i < 8; i++) {
    add(2 + i)
    journal.last.settle(UNKNOWN)
    await settle(600)
  }
  t.equal(journal.appends.length, 9)
  t.equal(counters.appendsUnknown, 8)
  for (const { expected, record } of journal.appends) {
    t.equal(expected, 10)
    t.same(record, journal.appends[0]?.record)
  }
  journal.store(11)
  await settle()
  t.same(stored, [{ seq: 11, seqs: [1] }])
})

t.test('journal-writer: a journal that is unavailable gets the same bytes again', async (t) => {
  const { journal, stored, add, settle } = makeWriter()
  add(1)
  journal.last.settle({ outcome: 'unavailable', reason: 'full' })
  await settle(100)
  t.equal(journal.appends.length, 2)
  t.same(journal.appends[1]?.record, journal.appends[0]?.record)
  journal.store(11)
  await settle()
  t.equal(stored.length, 1)
})

t.test('journal-writer: refused after a doubt, its own record in the journal counts as stored', async (t) => {
  const { journal, stored, seen, writer, add, settle } = makeWriter()
  add(1)
  journal.put(15, journal.last.record)
  journal.last.settle(UNKNOWN)
  await settle(100)
  journal.last.settle({ outcome: 'refused' })
  await settle()
  t.same(stored, [{ seq: 15, seqs: [1] }])
  t.equal(seen.fenced, 0)
  t.same(writer.position, { seq: 15, number: 5 })
})

t.test("journal-writer: its own record counts also when another owner's follows it", async (t) => {
  const { journal, stored, seen, add, settle } = makeWriter()
  add(1)
  journal.put(15, journal.last.record)
  journal.put(16, encodeRecord({ ...OWNER, node: 'n2', number: 6, prev: 15 }, []))
  journal.last.settle(UNKNOWN)
  await settle(100)
  journal.last.settle({ outcome: 'refused' })
  await settle()
  t.same(stored, [{ seq: 15, seqs: [1] }])
  t.equal(seen.fenced, 0, 'the next append will be refused')
})

t.test('journal-writer: refused after a doubt, it asks until the journal can be read', async (t) => {
  const { journal, stored, seen, add, settle } = makeWriter()
  add(1)
  journal.put(15, journal.last.record)
  journal.last.settle(UNKNOWN)
  await settle(100)
  journal.away = true
  journal.last.settle({ outcome: 'refused' })
  await settle(2000)
  t.same([stored.length, seen.fenced], [0, 0])
  journal.away = false
  await settle(300)
  t.equal(stored.length, 1)
})

t.test("journal-writer: refused after a doubt, another owner's record ends it", async (t) => {
  const { journal, stored, seen, add, settle } = makeWriter()
  add(1)
  journal.put(15, encodeRecord({ ...OWNER, node: 'n2', number: 5, prev: 10 }, []))
  journal.last.settle(UNKNOWN)
  await settle(100)
  journal.last.settle({ outcome: 'refused' })
  await settle()
  t.same([stored.length, seen.fenced], [0, 1])
})

t.test('journal-writer: refused without a doubt it is fenced once, and nothing more is stored', async (t) => {
  const { journal, stored, seen, counters, writer, add, settle } = makeWriter()
  add(1)
  add(2)
  journal.last.settle({ outcome: 'refused' })
  await settle()
  add(3)
  await settle(5000)
  t.same([journal.appends.length, stored.length, seen.fenced, counters.fenceRefusals], [1, 0, 1, 1])
  t.equal(writer.refuses(1), 'unavailable')
})

t.test('journal-writer: once stopped it reports nothing, whatever the journal still says', async (t) => {
  for (const outcome of [{ outcome: 'stored', seq: 11 }, { outcome: 'refused' }, UNKNOWN] as const) {
    const { journal, stored, seen, writer, add, settle } = makeWriter()
    add(1)
    writer.stop()
    journal.last.settle(outcome)
    await settle(5000)
    t.same([journal.appends.length, stored.length, seen.fenced], [1, 0, 0], outcome.outcome)
  }
})

t.test('journal-writer: a doubt of more than a moment refuses new entries, until it is resolved', async (t) => {
  const { journal, writer, add, settle } = makeWriter()
  add(1)
  journal.last.settle(UNKNOWN)
  await settle(1000)
  t.equal(writer.refuses(1), null)
  await settle(1000)
  t.equal(writer.refuses(1), 'unavailable')
  journal.store(11)
  await settle()
  t.equal(writer.refuses(1), null)
})

t.test('journal-writer: more bytes than may wait are refused as overload', async (t) => {
  const { journal, writer, add, settle } = makeWriter()
  add(1)
  const room = conversationOf('r:a')
  for (let seq = 2; writer.refuses(RECORD_BYTES / 2) === null; seq++) writer.add(pendingOf(room, seq, RECORD_BYTES / 2))
  t.equal(writer.refuses(RECORD_BYTES / 2), 'overloaded')
  journal.store(11)
  await settle()
  writer.flush()
  t.equal(writer.refuses(RECORD_BYTES / 2), null)
})

t.test('journal-writer: a hot conversation does not keep others out of the next record', async (t) => {
  const { journal, writer } = makeWriter()
  const hot = conversationOf('r:hot')
  const quiet = conversationOf('r:quiet')
  for (let seq = 1; seq <= 100; seq++) writer.add(pendingOf(hot, seq, RECORD_BYTES / 10))
  writer.add({ ...pendingOf(quiet, 1, 7) })
  writer.flush()
  const sizes = decodeRecord(journal.last.record).entries.map((entry) => entry.length)
  t.ok(sizes.includes(7), 'the one that came last is in the first record')
  t.ok(sizes.reduce((a, b) => a + b) <= RECORD_BYTES)
})

t.test('journal-writer: however much waits, each conversation keeps its order and every entry goes once', async () => {
  const drawn = fc.record({ room: fc.nat(4), size: fc.integer({ min: 1, max: 64 * 1024 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { maxLength: 60 }), async (all) => {
      const { journal, stored, writer, settle } = makeWriter()
      const rooms = Array.from({ length: 5 }, (_, i) => conversationOf(`r:${String(i)}`))
      const roomOf = new Map<number, number>()
      for (const [i, { room, size }] of all.entries()) {
        roomOf.set(i, room)
        writer.add(pendingOf(rooms[room] as WritingConversation, i, size))
      }
      for (let seq = 11, before = 0; ; seq++) {
        writer.flush()
        if (journal.appends.length === before) break
        before = journal.appends.length
        journal.store(seq)
        await settle()
      }
      const order = stored.flatMap(({ seqs }) => seqs)
      const perRoom = rooms.map((_, room) => order.filter((i) => roomOf.get(i) === room))
      return (
        order.length === all.length && perRoom.every((seqs) => String(seqs) === String([...seqs].sort((a, b) => a - b)))
      )
    }),
    { numRuns: 25 },
  )
})
