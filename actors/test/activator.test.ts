/** Activation: what history has and what the journal has after it, put together without losing or repeating anything. */
import assert from 'node:assert/strict'
import t from 'tap'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Entry } from '../../protocol/entry.js'
import { Activator } from '../activator.js'
import { VirtualClock } from '../clock-virtual.js'
import { Conversation } from '../conversation.js'
import { ConversationState } from '../conversation-state.js'
import type { ChangeDetail } from '../conversation-state.js'
import { Counters } from '../counters.js'
import type { History } from '../history.js'
import { MemoryHistoryStore } from '../history-memory.js'
import { seededRandom } from '../random.js'
import { Unarchived } from '../unarchived.js'
import {
  GROUP,
  NOW,
  OTHER_GROUP,
  batchOf,
  changeEntry,
  createdEntry,
  messageEntry,
  unarchivedEntry,
} from './entry-fixture.js'

const CREATED = createdEntry(['ann', 'bob'])
const JOINED = changeEntry(3, ENTRY_KIND.joined, { participants: { cid: 'member' } })

function makeActivator(over: Partial<History> = {}) {
  const clock = new VirtualClock(NOW)
  const store = new MemoryHistoryStore({ clock, random: seededRandom(1) })
  const history = store.history('n')
  const unarchived = new Unarchived(new Counters())
  const restored: number[] = []
  const seen = { reads: 0, wentBack: 0 }
  const activate: History['activate'] = (...args) => {
    seen.reads++
    return (over.activate ?? history.activate)(...args)
  }
  const shard = {
    history,
    clock,
    counters: new Counters(),
    seqOf: () => 0,
    noteId: () => undefined,
    refuses: () => null,
    append: () => undefined,
    passivated: () => undefined,
  }
  const outlet = { push: () => undefined, receipt: () => undefined, signal: () => undefined }
  const activator = new Activator({
    clock,
    shard: 0,
    stream: 'memory-1',
    epoch: 7,
    unarchived,
    history: { ...history, activate },
    make: (state) => new Conversation(state, shard, outlet),
    restored: ({ seq }) => restored.push(seq),
    wentBack: () => seen.wentBack++,
  })
  /** History holds these, up to this record; the state is that after them. */
  const archive = async (record: number, entries: readonly Entry[]) => {
    const state = new ConversationState(GROUP)
    for (const entry of entries) state.apply(entry, JSON.parse(entry.extra ?? '{}') as ChangeDetail)
    const rows = [...state.participants.keys()].flatMap((user) => state.storedParticipant(user) ?? [])
    const participants = rows.map((participant) => ({ conversation: GROUP, participant }))
    const conversations = entries.slice(-1).map((entry) => state.stored(entry))
    await history.archive(batchOf(entries, { to: record, conversations, participants }))
  }
  const storeRecord = (record: number, ...entries: Entry[]) => unarchived.add(record, entries.map(unarchivedEntry))
  const run = async <T>(work: Promise<T>): Promise<T> => {
    let done = false
    work.finally(() => (done = true)).catch(() => undefined)
    await clock.run(() => done, 1000)
    return work
  }
  return { clock, store, history, unarchived, restored, seen, activator, archive, storeRecord, run }
}

const seqsOf = (conversation: Conversation) => conversation.kept.range(1, 99).map(({ seq }) => seq)

t.test('activator: what the journal has after history is applied on top', async (t) => {
  const { activator, archive, storeRecord, run, restored } = makeActivator()
  await archive(2, [CREATED, messageEntry(2)])
  storeRecord(1, CREATED)
  storeRecord(2, messageEntry(2))
  storeRecord(3, JOINED)
  storeRecord(4, messageEntry(4))
  const conversation = await run(activator.activate(GROUP))
  t.match(conversation.state, { head: 4, title: 'title', epoch: 7, membershipSeq: 3 })
  t.ok(conversation.state.present('cid') && conversation.state.present('bob'))
  t.same([conversation.committed, seqsOf(conversation), restored], [4, [3, 4], [3, 4]])
})

t.test('activator: entries of an earlier owner get their rows, and what others must hear of them', async (t) => {
  const { activator, archive, storeRecord, run } = makeActivator()
  await archive(2, [CREATED, messageEntry(2)])
  const { entries } = storeRecord(3, JOINED)
  const conversation = await run(activator.activate(GROUP))
  t.match(entries[0]?.consequences, {
    participants: [{ user: 'cid', spans: [3] }],
    enlists: [{ conversation: 'u:cid', entered: true, seq: 3 }],
  })
  t.equal(entries[0]?.conversation, conversation)
})

t.test('activator: a conversation of which nothing is known begins empty, in the epoch of its shard', async (t) => {
  const { activator, run } = makeActivator()
  t.match((await run(activator.activate(GROUP))).state, { head: 0, epoch: 7, exists: false })
})

t.test('activator: all that are asked for in one turn are read at once', async (t) => {
  const { activator, run, seen } = makeActivator()
  const both = await run(Promise.all([activator.activate(GROUP), activator.activate(OTHER_GROUP)]))
  t.same(
    both.map(({ id }) => id),
    [GROUP, OTHER_GROUP],
  )
  t.equal(seen.reads, 1)
})

t.test('activator: a conversation asked for twice in one turn is given to both', async (t) => {
  const { activator, run } = makeActivator()
  const both = await run(Promise.all([activator.activate(GROUP), activator.activate(GROUP)]))
  t.equal(both[0], both[1])
})

t.test('activator: while history is away, one whose first entry the journal has is served', async (t) => {
  const { store, activator, storeRecord, run } = makeActivator()
  store.outage = true
  storeRecord(1, CREATED, messageEntry(2))
  const conversation = await run(activator.activate(GROUP))
  t.match(conversation.state, { head: 2, title: 'title' })
  t.same(seqsOf(conversation), [1, 2])
})

t.test('activator: while history is away, one that the journal has only in part is not', async () => {
  const { store, activator, storeRecord, run } = makeActivator()
  store.outage = true
  storeRecord(2, messageEntry(2))
  await assert.rejects(run(activator.activate(GROUP)), /history is away/)
  await assert.rejects(run(activator.activate(OTHER_GROUP)), /history is away/)
})

t.test('activator: what is archived between the reading and its answer is not lost', async (t) => {
  const { activator, history, unarchived, archive, storeRecord, run, clock } = makeActivator({
    activate: async (...args) => {
      const answer = await history.activate(...args)
      await new Promise<void>((resolve) => void clock.after(500, resolve))
      return answer
    },
  })
  await archive(2, [CREATED, messageEntry(2)])
  unarchived.startAt(2)
  storeRecord(3, JOINED)
  clock.after(100, () => unarchived.setArchived(3))
  const conversation = await run(activator.activate(GROUP))
  t.match(conversation.state, { head: 3 })
  t.same([...unarchived.records()], [], 'and is let go afterwards')
})

t.test('activator: what is stored between the reading and its answer is there', async (t) => {
  const { activator, history, archive, storeRecord, run, clock } = makeActivator({
    activate: async (...args) => {
      const answer = await history.activate(...args)
      await new Promise<void>((resolve) => void clock.after(500, resolve))
      return answer
    },
  })
  await archive(2, [CREATED, messageEntry(2)])
  clock.after(100, () => storeRecord(3, JOINED))
  t.match((await run(activator.activate(GROUP))).state, { head: 3 })
})

t.test('activator: history that stands before what is archived is not believed', async (t) => {
  const { activator, archive, unarchived, run, seen } = makeActivator()
  await archive(2, [CREATED, messageEntry(2)])
  unarchived.startAt(3)
  await assert.rejects(run(activator.activate(GROUP)), /went back/)
  t.equal(seen.wentBack, 1)
})
