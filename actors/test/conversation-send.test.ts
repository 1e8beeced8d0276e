/** Messages: acked after they are stored, stored once, in the order their sender gave them, or refused with a reason. */
import t from 'tap'
import { ENTRY_KIND } from '../../protocol/entry.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import { ID_HORIZON_MS } from '../recent-ids.js'
import { makeConversation, sendOf } from './conversation-fixture.js'
import { DIRECT, GROUP, NOW, SYSTEM, as, batchOf, idOf, messageEntry } from './entry-fixture.js'

t.test('conversation: a message is answered and pushed when it is stored, not before', async (t) => {
  const { create, ask, commit, pushes, shard } = makeConversation()
  await create(['bob'])
  const replies = ask(as('bob'), sendOf('a'))
  t.same([replies.length, pushes.length, shard.waiting.length], [0, 1, 1])
  commit()
  t.same(replies, [{ frame: 'sent', ref: 0, epoch: 7, seq: 2, time: NOW }])
  t.same(pushes.at(-1), { seq: 2, prev: 1 })
})

t.test('conversation: a repeat of a waiting message is answered with it, and stored once', async (t) => {
  const { create, ask, commit, shard } = makeConversation()
  await create()
  const first = ask(as('ann'), sendOf('a'))
  const again = ask(as('ann'), sendOf('a'))
  const third = ask(as('ann'), sendOf('a'))
  t.equal(shard.waiting.length, 1)
  commit()
  t.match(first, [{ frame: 'sent', seq: 2 }])
  t.same([again, third], [first, first])
})

t.test('conversation: a repeat of a stored message is answered at once with the same seq and time', async (t) => {
  const { create, ask, done, shard } = makeConversation()
  await create()
  const sent = await done(as('ann'), sendOf('a'))
  await done(as('ann'), sendOf('b'))
  await shard.clock.run(NOW + 5000)
  t.same(ask(as('ann'), sendOf('a')), [sent])
  t.equal(shard.waiting.length, 0)
})

t.test('conversation: the same id from two senders is two messages', async (t) => {
  const { create, done } = makeConversation()
  await create(['bob'])
  t.match(await done(as('ann'), sendOf('a')), { seq: 2 })
  t.match(await done(as('bob'), sendOf('a')), { seq: 3 })
})

t.test('conversation: an id whose fingerprint is that of another is a message of its own', async (t) => {
  const { create, done, shard } = makeConversation()
  await create()
  await done(as('ann'), sendOf('a'))
  shard.noteId('', 'ann', idOf('b'), 2)
  t.match(await done(as('ann'), sendOf('b')), { frame: 'sent', seq: 3 })
})

t.test('conversation: an id too old for memory is looked for in history', async (t) => {
  const { create, done, shard } = makeConversation()
  await create()
  const old = sendOf('old', { id: idOf('old', NOW - ID_HORIZON_MS - 1) })
  await shard.history.archive(batchOf([messageEntry(40, { id: old.id ?? '', time: NOW - 9 })], { epoch: 6 }))
  t.same(await done(as('ann'), old), { frame: 'sent', ref: 0, epoch: 6, seq: 40, time: NOW - 9 })
  t.equal(shard.waiting.length, 0)
})

t.test('conversation: an old id that history does not know is a new message', async (t) => {
  const { create, done } = makeConversation()
  await create()
  const old = sendOf('old', { id: idOf('old', NOW - ID_HORIZON_MS - 1) })
  t.match(await done(as('ann'), old), { frame: 'sent', seq: 2 })
})

t.test('conversation: a repeat of an old id that waits is found without history', async (t) => {
  const { create, ask, commit, shard } = makeConversation()
  await create()
  const id = idOf('old', NOW - ID_HORIZON_MS - 1)
  const body = encodeBody({ id, type: 1, content: new Uint8Array(0), extra: null, priority: 0, ttl: 0 })
  const first = ask(as('ann'), sendOf('old', { id, body }))
  await shard.clock.run(NOW)
  shard.store.outage = true
  const again = ask(as('ann'), sendOf('old', { id, body }))
  commit()
  t.match(first, [{ frame: 'sent', seq: 2 }])
  t.same(again, first)
})

t.test('conversation: while history is away an old id is answered as temporary, a fresh one as ever', async (t) => {
  const { create, done, shard } = makeConversation()
  await create()
  shard.store.outage = true
  const old = sendOf('old', { id: idOf('old', NOW - ID_HORIZON_MS - 1) })
  t.match(await done(as('ann'), old), { frame: 'error', error: 'temporary' })
  t.match(await done(as('ann'), sendOf('a')), { frame: 'sent', seq: 2 })
})

t.test('conversation: a message whose predecessor is missing waits for its sender to repeat both', async (t) => {
  const { create, ask, done } = makeConversation()
  await create()
  const second = sendOf('b', { after: idOf('a') })
  t.match(ask(as('ann'), second), [{ frame: 'error', error: 'out-of-order' }])
  ask(as('ann'), sendOf('a'))
  t.match(await done(as('ann'), second), { frame: 'sent', seq: 3 })
})

t.test('conversation: a predecessor beyond the horizon was settled long ago', async (t) => {
  const { create, done } = makeConversation()
  await create()
  const after = idOf('old', NOW - ID_HORIZON_MS - 1)
  t.match(await done(as('ann'), sendOf('a', { after })), { frame: 'sent', seq: 2 })
})

t.test('conversation: what may not be sent is refused with the reason', async (t) => {
  const { ask, create, done } = makeConversation()
  const refused = (user: string, fields = {}) => {
    const [reply] = ask(as(user), sendOf('a', fields))
    return reply?.frame === 'error' ? reply.error : reply?.frame
  }
  t.equal(refused('ann'), 'no-such-conversation')
  await create(['bob', 'cid'])
  t.equal(refused('eve'), 'not-participant')
  const role = { frame: 'role', ref: 1, conversation: 'g:', user: 'bob', role: 'muted' } as const
  await done(as('ann'), role)
  t.equal(refused('bob'), 'not-allowed')
  await done(as('ann'), { frame: 'remove', ref: 1, conversation: 'g:', users: ['cid'] })
  t.equal(refused('cid'), 'not-participant')
  t.equal(refused('ann', { id: idOf('x', NOW + ID_HORIZON_MS + 1) }), 'id-conflict')
  t.equal(refused('ann', { id: null }), 'bad-id')
})

t.test("conversation: nobody writes to a user's own conversation, the server writes anywhere else", async (t) => {
  t.match(makeConversation('u:ann').ask(as('ann'), sendOf('a')), [{ error: 'not-allowed' }])
  const { create, done } = makeConversation()
  await create()
  t.match(await done(SYSTEM, sendOf('a')), { frame: 'sent', seq: 2 })
})

t.test('conversation: what the shard cannot take is refused, and nothing of it stays', async (t) => {
  const { create, ask, state, shard } = makeConversation()
  await create()
  for (const why of ['unavailable', 'overloaded'] as const) {
    shard.refusal = why
    t.match(ask(as('ann'), sendOf('a')), [{ error: why }])
    t.match(ask(as('ann'), { frame: 'rename', ref: 1, conversation: 'g:', title: 'x' }), [{ error: why }])
  }
  t.match(state, { head: 1, title: 'title' })
  t.equal(shard.seqOf('', 'ann', idOf('a')), 0)
})

t.test('conversation: time never goes back', async (t) => {
  const { create, done, shard } = makeConversation()
  await create()
  shard.clock.now = () => NOW - 60_000
  t.match(await done(as('ann'), sendOf('a')), { frame: 'sent', time: NOW })
})

t.test('conversation: with its first message a one-to-one conversation is entered by both', async (t) => {
  const { ask, shard } = makeConversation(DIRECT)
  ask(as('ann'), sendOf('a'))
  ask(as('bob'), sendOf('b'))
  const [first, second] = shard.waiting.map(({ consequences }) => consequences)
  t.same(
    first?.enlists.map(({ conversation }) => conversation),
    ['u:ann', 'u:bob'],
  )
  t.equal(first?.participants.length, 2)
  t.equal(second?.enlists.length, 0)
})

t.test('conversation: what u:<user> is told twice it stores once', async (t) => {
  const { done, shard, state } = makeConversation('u:ann')
  const enlist = { frame: 'enlist', conversation: 'u:ann', entered: true, about: DIRECT, epoch: 7, seq: 1 } as const
  const first = await done(SYSTEM, { ...enlist, id: idOf('e') })
  t.match(first, { frame: 'sent', seq: 1 })
  t.same(await done(SYSTEM, { ...enlist, id: idOf('e') }), first)
  t.equal(shard.waiting.length, 0)
  t.ok(state.list.has(DIRECT))
})

t.test('conversation: what u:<user> cannot take now is refused, so that it is told again', async (t) => {
  const { ask, shard } = makeConversation('u:ann')
  shard.refusal = 'unavailable'
  const told = { frame: 'enlist', conversation: 'u:ann', entered: true, about: DIRECT, epoch: 7, seq: 1 } as const
  t.match(ask(SYSTEM, { ...told, id: idOf('e') }), [{ error: 'unavailable' }])
  t.equal(shard.waiting.length, 0)
})

t.test('conversation: a change repeated while it waits is answered when it is stored', async (t) => {
  const { ask, commit, shard, done, create } = makeConversation()
  const command = { frame: 'create', ref: 1, conversation: GROUP, title: 'title', open: true, users: [] } as const
  const both = [ask(as('ann'), command), ask(as('ann'), command)]
  t.same([shard.waiting.length, both.flat()], [1, []])
  commit()
  for (const replies of both) t.match(replies, [{ frame: 'sent', seq: 1 }])
  await done(as('bob'), { frame: 'join', ref: 1, conversation: GROUP })
  t.match(await create([], true), { frame: 'sent', seq: 1 }, 'and at once when it was')
})

t.test('conversation: an old id whose message is stored but not archived is found without history', async (t) => {
  const { create, done, shard } = makeConversation()
  await create()
  const old = sendOf('old', { id: idOf('old', NOW - ID_HORIZON_MS - 1) })
  await done(as('ann'), old)
  shard.ids.clear()
  shard.store.outage = true
  t.match(await done(as('ann'), old), { frame: 'sent', seq: 2 })
  t.equal(shard.waiting.length, 0)
})

t.test('conversation: it is passivated only when everything is in history', async (t) => {
  const { create, actor, ask, commit, shard } = makeConversation()
  await create()
  t.notOk(actor.passivate(), 'not archived')
  actor.kept.archived(1)
  ask(as('ann'), sendOf('a'))
  t.notOk(actor.passivate(), 'waits for the journal')
  commit()
  actor.kept.archived(2)
  t.ok(actor.passivate())
  t.same(shard.passive, [actor])
})

t.test('conversation: signals and marks of strangers go nowhere', async (t) => {
  const { create, actor, signals, receipts } = makeConversation()
  await create(['bob'])
  for (const sender of ['bob', 'eve']) {
    void actor.receive({ kind: 'signal', sender, name: 'typing', data: new Uint8Array(0) })
    void actor.receive({ kind: 'mark', mark: { user: sender, delivered: 1, read: 0 } })
    void actor.receive({ kind: 'mark', mark: { user: sender, delivered: 1, read: 0 } })
  }
  t.same(signals, ['bob typing'])
  t.same(receipts, [{ user: 'bob', delivered: 1, read: 0 }])
})

t.test(
  'conversation: in a room joins and leaves are stored but not pushed, and the next push skips them',
  async (t) => {
    const { create, done, pushes, actor } = makeConversation('r:lobby')
    await create([], true)
    await done(as('bob'), { frame: 'join', ref: 1, conversation: 'r:lobby' })
    await done(as('bob'), sendOf('a'))
    await done(as('bob'), { frame: 'leave', ref: 1, conversation: 'r:lobby' })
    await done(as('ann'), sendOf('b'))
    t.same(pushes, [
      { seq: 1, prev: 0 },
      { seq: 3, prev: 1 },
      { seq: 5, prev: 3 },
    ])
    t.same(
      actor.kept.range(1, 9).map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    )
  },
)

t.test('conversation: who is removed still sees the entry that says so', async (t) => {
  const { create, ask, shard } = makeConversation()
  await create(['bob'])
  ask(as('ann'), { frame: 'remove', ref: 1, conversation: 'g:', users: ['bob'] })
  t.match(shard.waiting, [{ kind: ENTRY_KIND.removed, leaving: ['bob'], membershipBefore: 1, membershipSeq: 2 }])
})
