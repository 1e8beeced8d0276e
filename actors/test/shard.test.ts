/** A shard on journal and history in memory, from its take-over to its loss. */
import assert from 'node:assert/strict'
import t from 'tap'
import { ArchiveTurns } from '../archive-turns.js'
import { VirtualClock } from '../clock-virtual.js'
import type { Enlist, OwnerCommand, OwnerReply } from '../command.js'
import { Counters } from '../counters.js'
import { MemoryHistoryStore } from '../history-memory.js'
import { MemoryJournalStore } from '../journal-memory.js'
import { silent } from '../logger.js'
import { seededRandom } from '../random.js'
import { ID_HORIZON_MS } from '../recent-ids.js'
import type { AnnouncedHead } from '../recent-heads.js'
import { Shard } from '../shard.js'
import type { ShardParts } from '../shard.js'
import type { Caller } from '../transport.js'
import { sendOf } from './conversation-fixture.js'
import { GROUP, NOW, as } from './entry-fixture.js'

const SENT: OwnerReply = { frame: 'sent', ref: 0, epoch: 7, seq: 1, time: NOW }

function makeStores() {
  const clock = new VirtualClock(NOW)
  const options = { clock, random: seededRandom(1) }
  return { clock, journals: new MemoryJournalStore(options), histories: new MemoryHistoryStore(options) }
}

/** Shard 0 as one node holds it, its turns made at once. */
function makeShard({ clock, journals, histories } = makeStores(), view = 1, over: Partial<ShardParts> = {}) {
  const node = `n${String(view)}`
  const told: Enlist[] = []
  const seen = { fenced: 0, wentBack: 0, serving: [] as (readonly AnnouncedHead[])[] }
  const counters = new Counters()
  const shard: Shard = new Shard({
    id: 0,
    journal: journals.journal(node),
    history: histories.history(node),
    clock,
    counters,
    log: silent,
    outlet: { push: () => undefined, receipt: () => undefined, signal: () => undefined },
    owner: () => ({ view, node, incarnation: 1 }),
    behind: () => undefined,
    historyLagBytes: 1_000_000,
    archiveTurns: new ArchiveTurns(1),
    dirty: (dirty) => clock.turn(() => dirty.flush()),
    enlist: (enlist) => {
      told.push(enlist)
      return Promise.resolve(SENT)
    },
    wake: (id) => void shard.activate(id).catch(() => undefined),
    serving: (_, heads) => seen.serving.push(heads),
    fenced: () => seen.fenced++,
    wentBack: () => seen.wentBack++,
    seed: 1,
    known: null,
    ...over,
  })
  const run = (ms = 10_000) => clock.run(clock.now() + ms)
  /** Gives a command and lets time pass; the replies. */
  const ask = async (caller: Caller, command: OwnerCommand, ms = 100): Promise<OwnerReply[]> => {
    const replies: OwnerReply[] = []
    const activating = shard.activate(command.conversation)
    activating.catch(() => undefined)
    await run(ms)
    const conversation = await activating
    void conversation.receive({ kind: 'command', caller, command, to: { reply: (r) => void replies.push(r) } })
    await run(ms)
    return replies
  }
  const create = () =>
    ask(as('ann'), { frame: 'create', ref: 1, conversation: GROUP, title: 't', open: true, users: ['bob'] })
  return { clock, journals, histories, shard, counters, seen, told, run, ask, create }
}

t.test('shard: before it has taken over it serves nothing', async (t) => {
  const { shard, run } = makeShard()
  t.notOk(shard.isServing)
  t.equal(shard.refuses(1), 'unavailable')
  await run()
  t.notOk(shard.isServing, 'nobody has started it')
  shard.start()
  await run()
  t.ok(shard.isServing)
  t.equal(shard.refuses(1), null)
})

t.test('shard: one that is stopped while it takes over never serves', async (t) => {
  const { shard, seen, run, counters, journals } = makeShard()
  journals.faults = { delay: () => 1000 }
  shard.start()
  await run(2500)
  shard.stop()
  await run(60_000)
  t.notOk(shard.isServing)
  t.same([seen.serving, counters.shardsTaken, counters.shardsLost], [[], 0, 0])
  await assert.rejects(shard.activate(GROUP))
})

t.test('shard: a message goes through journal to history', async (t) => {
  const { shard, journals, histories, ask, create, run } = makeShard()
  shard.start()
  await create()
  t.match(await ask(as('ann'), sendOf('a')), [{ frame: 'sent', seq: 2 }])
  t.match(shard.journalPosition, { stream: 'memory-1', seq: 3 })
  await run()
  t.match(await histories.history('x').positions([0]), [{ stream: 'memory-1', seq: 3 }])
  t.equal(journals.kept(0).length, 3)
})

t.test('shard: the users of a new group are told until they answered, and only then it is archived', async (t) => {
  const refusal: OwnerReply = { frame: 'error', ref: 0, error: 'temporary', detail: '', retry: 1 }
  const asked: Enlist[] = []
  let away = true
  const enlist = (said: Enlist) => {
    asked.push(said)
    return Promise.resolve(away ? refusal : SENT)
  }
  const { shard, histories, create, run } = makeShard(makeStores(), 1, { enlist })
  shard.start()
  await create()
  await run()
  t.match(await histories.history('x').positions([0]), [{ stream: '', seq: 0 }])
  t.same(new Set(asked.map(({ conversation }) => conversation)), new Set(['u:ann', 'u:bob']))
  t.equal(new Set(asked.map(({ id }) => id)).size, 2, 'with the same ids each time')
  away = false
  await run()
  const count = asked.length
  t.match(await histories.history('x').positions([0]), [{ stream: 'memory-1', seq: 2 }])
  await run()
  t.equal(asked.length, count, 'and no more')
})

t.test('shard: the next owner has what the one before stored, also what was never archived', async (t) => {
  const stores = makeStores()
  const first = makeShard(stores)
  first.shard.start()
  await first.create()
  stores.histories.outage = true
  t.match(await first.ask(as('ann'), sendOf('a')), [{ frame: 'sent', seq: 2 }])
  first.shard.stop()
  const next = makeShard(stores, 2)
  stores.histories.outage = false
  next.shard.start()
  await next.run(100)
  t.match(next.seen.serving, [[{ conversation: GROUP, seq: 2 }]], 'the heads that may not have been pushed')
  t.match(await next.ask(as('ann'), sendOf('a')), [{ frame: 'sent', seq: 2 }], 'a repeat is no new message')
  t.match(await next.ask(as('bob'), sendOf('b')), [{ frame: 'sent', seq: 3 }])
  await next.run()
  t.equal(next.counters.unarchivedBytes, 0)
})

t.test('shard: an owner that is no longer one is told by the journal and acks nothing more', async (t) => {
  const stores = makeStores()
  const first = makeShard(stores)
  first.shard.start()
  await first.create()
  const next = makeShard(stores, 2)
  next.shard.start()
  await next.run()
  t.same(await first.ask(as('ann'), sendOf('a')), [])
  t.equal(first.seen.fenced, 1)
  t.equal(first.shard.refuses(1), 'unavailable')
  t.match(await next.ask(as('ann'), sendOf('a')), [{ frame: 'sent', seq: 2 }])
})

t.test('shard: too much that waits for history refuses new entries', async (t) => {
  const { shard, histories, ask, create, counters } = makeShard(makeStores(), 1, { historyLagBytes: 300 })
  shard.start()
  await create()
  histories.outage = true
  const replies = [
    await ask(as('ann'), sendOf('a')),
    await ask(as('ann'), sendOf('b')),
    await ask(as('ann'), sendOf('c')),
  ]
  t.match(replies.flat().at(-1), { error: 'overloaded' })
  t.ok(counters.unarchivedBytes > 300)
})

t.test('shard: a device that has all of a passivated conversation is answered without waking it', async (t) => {
  const { shard, ask, create, run } = makeShard()
  shard.start()
  await create()
  await ask(as('ann'), sendOf('a'))
  const conversation = await shard.activate(GROUP)
  const { epoch } = conversation.standing
  const resume = (seq: number, at = epoch) =>
    shard.answerFromStub({
      frame: 'resumeOne',
      conversation: GROUP,
      position: { conversation: GROUP, epoch: at, seq },
      limit: 9,
    })
  t.equal(resume(2), null, 'it is active')
  await run()
  t.ok(conversation.passivate())
  t.match(resume(2), { frame: 'onePage', page: { epoch, head: 2, recovered: true, more: false, items: [] } })
  t.equal(resume(1), null, 'there is more for it')
  t.equal(resume(2, epoch - 1), null, 'another epoch')
  t.same([...shard.conversationIds()], [])
  const waking = shard.activate(GROUP)
  await run(100)
  t.match((await waking).state, { head: 2 })
  t.equal(resume(2), null, 'awake again')
})

t.test('shard: asked for at the same time, a conversation is brought to life once', async (t) => {
  const { shard, run, counters } = makeShard()
  shard.start()
  const first = shard.activate(GROUP)
  const second = shard.activate(GROUP)
  await run()
  t.equal(await first, await second)
  t.equal(counters.conversationsActive, 1)
})

t.test('shard: what users were not told when the owner died, the next one tells them with the same ids', async (t) => {
  const stores = makeStores()
  const silence = new Promise<OwnerReply>(() => undefined)
  const unheard: Enlist[] = []
  const first = makeShard(stores, 1, {
    enlist: (said) => {
      unheard.push(said)
      return silence
    },
  })
  first.shard.start()
  await first.create()
  await first.run()
  first.shard.stop()
  const next = makeShard(stores, 2)
  next.shard.start()
  await next.run()
  t.same(next.told, unheard)
  t.match(await stores.histories.history('x').positions([0]), [{ stream: 'memory-1', seq: 2 }])
})

t.test('shard: a backup put back is noticed by who asks for what was archived', async (t) => {
  const { shard, histories, ask, create, run, seen } = makeShard()
  shard.start()
  const empty = histories.snapshot()
  await create()
  await ask(as('ann'), sendOf('a'))
  await run()
  const { history } = shard
  const query = { conversation: GROUP, from: 1, to: 2, limit: 2, newest: false, types: [] }
  const page = () => Promise.all([history.page(query), run(10)])
  const [entries] = await page()
  t.same([entries.length, seen.wentBack], [2, 0])
  histories.restore(empty)
  await assert.rejects(page(), /went back/)
  t.equal(seen.wentBack, 1)
})

t.test('shard: a backup put back is noticed also when nobody asks', async (t) => {
  const { shard, histories, create, run, seen } = makeShard()
  shard.start()
  await create()
  await run()
  const [stands] = await histories.history('x').positions([0])
  assert.ok(stands)
  t.ok(shard.historyComparison()(stands))
  const compare = shard.historyComparison()
  t.notOk(compare({ ...stands, seq: stands.seq - 1 }))
  t.notOk(compare({ ...stands, stream: 'another' }))
  t.equal(seen.wentBack, 2)
})

t.test('shard: what is archived and old leaves the journal, but for the newest record', async (t) => {
  const { shard, journals, histories, create, ask, run } = makeShard()
  shard.start()
  await create()
  await ask(as('ann'), sendOf('a'))
  await run()
  const kept = () => journals.kept(0).map(({ seq }) => seq)
  await Promise.all([shard.purge(60_000), run()])
  t.same(kept(), [1, 2, 3], 'too young')
  await run(60_000)
  histories.outage = true
  await ask(as('ann'), sendOf('b'))
  await Promise.all([shard.purge(60_000), run()])
  t.same(kept(), [3, 4])
})

t.test('shard: an id is remembered for as long as history may not have it', async (t) => {
  const { shard, histories, create, ask, run } = makeShard()
  shard.start()
  await create()
  histories.outage = true
  const send = sendOf('a')
  await ask(as('ann'), send)
  const known = () => shard.seqOf(GROUP, 'ann', send.id ?? '')
  await run(2 * ID_HORIZON_MS)
  shard.expireIds()
  t.equal(known(), 2)
  histories.outage = false
  await run()
  shard.expireIds()
  t.equal(known(), 0)
})

t.test('shard: what it counts is gone when it is lost', async (t) => {
  const { shard, counters, create, histories, ask } = makeShard()
  shard.start()
  await create()
  histories.outage = true
  await ask(as('ann'), sendOf('a'))
  shard.stop()
  shard.stop()
  t.match(counters, { conversationsActive: 0, unarchivedBytes: 0, shardsTaken: 1, shardsLost: 1 })
})
