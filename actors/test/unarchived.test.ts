/** What is stored and not yet in history: what is ready to go, and what stays for those who read. */
import t from 'tap'
import { Counters } from '../counters.js'
import { KeptEntries } from '../kept-entries.js'
import { Unarchived } from '../unarchived.js'
import type { UnarchivedEntry } from '../unarchived.js'
import { GROUP, NOW, OTHER_GROUP, messageEntry, unarchivedEntry } from './entry-fixture.js'
import { stateOf } from './state-fixture.js'

const active = { state: stateOf({ ann: 'owner' }), kept: new KeptEntries() }

const entryOf = (seq: number, conversation = GROUP): UnarchivedEntry => ({
  ...unarchivedEntry(messageEntry(seq, { conversation })),
  conversation: active,
})

function makeUnarchived() {
  const counters = new Counters()
  const unarchived = new Unarchived(counters)
  const ready = (limit = 100) => unarchived.ready(limit).map(({ seq }) => seq)
  const all = () => [...unarchived.records()].map(({ seq }) => seq)
  return { counters, unarchived, ready, all }
}

t.test('unarchived: the oldest records go first, up to so many entries, and at least one', async (t) => {
  const { unarchived, ready } = makeUnarchived()
  unarchived.add(1, [entryOf(1), entryOf(2)])
  unarchived.add(2, [entryOf(3)])
  unarchived.add(5, [entryOf(4)])
  t.same(ready(1), [1])
  t.same(ready(3), [1, 2])
  t.same(ready(), [1, 2, 5])
})

t.test('unarchived: a record whose rows are not known yet holds back what follows', async (t) => {
  const { unarchived, ready } = makeUnarchived()
  unarchived.add(1, [entryOf(1)])
  const sleeping = { ...entryOf(2), conversation: null }
  unarchived.add(2, [sleeping])
  unarchived.add(3, [entryOf(3)])
  t.same(ready(), [1])
  Object.assign(sleeping, { conversation: active })
  t.same(ready(), [1, 2, 3])
})

t.test('unarchived: a record of which others were not told yet holds back what follows', async (t) => {
  const { unarchived, ready } = makeUnarchived()
  unarchived.add(1, [entryOf(1)])
  const record = unarchived.add(2, [entryOf(2)])
  record.unconfirmed = 1
  t.same(ready(), [1])
  record.unconfirmed = 0
  t.same(ready(), [1, 2])
})

t.test('unarchived: what is archived goes, with its bytes', async (t) => {
  const { counters, unarchived, all } = makeUnarchived()
  const entries = [entryOf(1), entryOf(2)]
  for (const [i, entry] of entries.entries()) unarchived.add(i + 1, [entry])
  t.equal(counters.unarchivedBytes, entries.reduce((sum, { bytes }) => sum + bytes.length, 0)) // prettier-ignore
  unarchived.setArchived(1)
  t.same(all(), [2])
  t.equal(entries[0]?.record, null)
  unarchived.setArchived(2)
  t.equal(counters.unarchivedBytes, 0)
  t.equal(unarchived.oldestTime, Infinity)
})

t.test('unarchived: the archived position never goes back', async (t) => {
  const { unarchived } = makeUnarchived()
  unarchived.startAt(5)
  unarchived.setArchived(3)
  t.equal(unarchived.archived, 5)
})

t.test('unarchived: while anybody reads history, what is archived stays but is not archived again', async (t) => {
  const { unarchived, ready, all } = makeUnarchived()
  unarchived.add(1, [entryOf(1)])
  const [first, second] = [unarchived.startReading(), unarchived.startReading()]
  unarchived.setArchived(1)
  t.same([all(), ready()], [[1], []])
  first()
  t.same(all(), [1])
  second()
  t.same(all(), [])
})

t.test('unarchived: entries after a position are found by conversation, in order', async (t) => {
  const { unarchived } = makeUnarchived()
  unarchived.add(1, [entryOf(1), entryOf(1, OTHER_GROUP)])
  unarchived.add(2, [entryOf(2), entryOf(3)])
  unarchived.add(4, [entryOf(4)])
  const seqs = (after: number) =>
    unarchived
      .after(after, new Set([GROUP]))
      .get(GROUP)
      ?.map(({ seq }) => seq)
  t.same(seqs(0), [1, 2, 3, 4])
  t.same(seqs(1), [2, 3, 4])
  t.same(seqs(4), undefined)
  t.notOk(unarchived.after(0, new Set([GROUP])).has(OTHER_GROUP))
})

t.test('unarchived: the oldest time is that of the oldest entry, ownership records aside', async (t) => {
  const { unarchived } = makeUnarchived()
  unarchived.add(1, [])
  unarchived.add(2, [entryOf(7)])
  unarchived.add(3, [entryOf(8)])
  t.equal(unarchived.oldestTime, NOW + 7)
})

t.test('unarchived: a lost shard leaves nothing behind', async (t) => {
  const { counters, unarchived, all } = makeUnarchived()
  unarchived.add(1, [entryOf(1)])
  unarchived.clear()
  unarchived.setArchived(1)
  t.same([all(), counters.unarchivedBytes], [[], 0])
})
