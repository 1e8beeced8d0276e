/** Resumes: what is after a position, and what is said when a position can no longer be served. */
import t from 'tap'
import { decodeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { OwnerReply, ResumeOne } from '../command.js'
import { makeConversation, sendOf } from './conversation-fixture.js'
import { DIRECT, GROUP, ROOM, SYSTEM, as, idOf } from './entry-fixture.js'

const resume = (epoch: number, seq: number, limit = 10): ResumeOne => ({
  frame: 'resumeOne',
  conversation: GROUP,
  position: { conversation: GROUP, epoch, seq },
  limit,
})

/** A page in short. */
function shown(reply: OwnerReply | undefined) {
  if (reply?.frame !== 'onePage') return reply
  const { epoch, head, recovered, more, items } = reply.page
  return { epoch, head, recovered, more, seqs: items.map(({ entry }) => decodeEntry(entry).seq) }
}

/** Ann's group with bob in it, entries 1 to 5. */
async function makeGroup() {
  const made = makeConversation()
  await made.create(['bob'])
  for (const name of ['a', 'b', 'c', 'd']) await made.done(as('ann'), sendOf(name))
  return made
}

t.test('resume: a device without a position gets everything from the beginning', async (t) => {
  const { ask } = await makeGroup()
  const page = { epoch: 7, head: 5, recovered: true, more: true, seqs: [1, 2, 3] }
  t.same(shown(ask(as('bob'), resume(0, 0, 3))[0]), page)
})

t.test('resume: a device gets what is after its position', async (t) => {
  const { ask } = await makeGroup()
  t.same(shown(ask(as('bob'), resume(7, 3))[0]), { epoch: 7, head: 5, recovered: true, more: false, seqs: [4, 5] })
})

t.test('resume: a device that has everything gets an empty page', async (t) => {
  const { ask } = await makeGroup()
  t.same(shown(ask(as('bob'), resume(7, 5))[0]), { epoch: 7, head: 5, recovered: true, more: false, seqs: [] })
})

t.test('resume: what is not stored yet is not shown', async (t) => {
  const { ask } = await makeGroup()
  ask(as('ann'), sendOf('waits'))
  t.same(shown(ask(as('bob'), resume(7, 4))[0]), { epoch: 7, head: 5, recovered: true, more: false, seqs: [5] })
})

t.test('resume: a position of another epoch gets the newest page, and is told', async (t) => {
  const { ask, shard } = await makeGroup()
  t.same(shown(ask(as('bob'), resume(6, 3, 2))[0]), { epoch: 7, head: 5, recovered: false, more: false, seqs: [4, 5] })
  t.equal(shard.waiting.length, 0)
})

t.test('resume: a position beyond the head begins an epoch, and is answered when that is stored', async (t) => {
  const { ask, commit, shard } = await makeGroup()
  const replies = ask(as('bob'), resume(7, 99, 2))
  t.same(replies, [])
  t.match(shard.waiting, [{ kind: ENTRY_KIND.epoch, seq: 6 }])
  commit()
  const { epoch, ...page } = shown(replies[0]) as { epoch: number }
  t.ok(epoch > 7)
  t.same(page, { head: 6, recovered: false, more: false, seqs: [5, 6] })
})

t.test('resume: many positions beyond the head begin one epoch', async (t) => {
  const { ask, commit, shard } = await makeGroup()
  const all = [ask(as('bob'), resume(7, 99)), ask(as('ann'), resume(7, 50)), ask(as('bob'), resume(7, 5))]
  t.equal(shard.waiting.length, 1)
  commit()
  for (const replies of all) t.match(replies, [{ frame: 'onePage', page: { recovered: false, head: 6 } }])
})

t.test('resume: a stranger gets nothing, and begins no epoch', async (t) => {
  const { ask, shard } = await makeGroup()
  t.match(ask(as('eve'), resume(0, 0)), [{ error: 'not-participant' }])
  t.match(ask(as('eve'), resume(7, 99)), [{ error: 'not-participant' }])
  t.equal(shard.waiting.length, 0)
})

t.test('resume: a position does not make a conversation that was never created', async (t) => {
  const { ask, state, shard } = makeConversation()
  t.match(ask(as('eve'), resume(7, 5)), [{ error: 'no-such-conversation' }])
  t.same([state.exists, shard.waiting.length], [false, 0])
})

t.test('resume: one who was removed gets everything up to the removal', async (t) => {
  const { ask, done } = await makeGroup()
  await done(as('ann'), { frame: 'remove', ref: 1, conversation: GROUP, users: ['bob'] })
  await done(as('ann'), sendOf('later'))
  t.same(shown(ask(as('bob'), resume(7, 4))[0]), { epoch: 7, head: 6, recovered: true, more: false, seqs: [5, 6] })
})

t.test('resume: while the journal is away a position beyond the head is answered as unavailable', async (t) => {
  const { ask, shard } = await makeGroup()
  shard.refusal = 'unavailable'
  t.match(ask(as('bob'), resume(7, 99)), [{ error: 'unavailable' }])
})

t.test('history: pages go backwards, forwards and around', async (t) => {
  const { ask, done } = await makeGroup()
  const query = async (direction: 'before' | 'after' | 'around', seq: number, limit: number) => {
    const reply = await done(as('bob'), {
      frame: 'history',
      ref: 1,
      conversation: GROUP,
      direction,
      seq,
      limit,
      types: [],
    })
    return reply?.frame === 'page' ? [reply.items.map(({ entry }) => decodeEntry(entry).seq), reply.more] : reply
  }
  t.same(await query('before', 0, 2), [[4, 5], true])
  t.same(await query('before', 4, 9), [[1, 2, 3], false])
  t.same(await query('after', 2, 2), [[3, 4], true])
  t.same(await query('after', 5, 2), [[], false])
  t.same(await query('around', 3, 4), [[1, 2, 3, 4], true])
  t.same(await query('around', 3, 20), [[1, 2, 3, 4, 5], false])
  const strangers = {
    frame: 'history',
    ref: 1,
    conversation: GROUP,
    direction: 'after',
    seq: 0,
    limit: 5,
    types: [],
  } as const
  t.match(ask(as('eve'), strangers), [{ error: 'not-participant' }])
})

t.test('participants: only those who are in, by name, page by page', async (t) => {
  const { ask, done, create } = makeConversation()
  await create(['dan', 'bob', 'cid'])
  await done(as('ann'), { frame: 'remove', ref: 1, conversation: GROUP, users: ['cid'] })
  const page = (user: string, cursor: string, limit: number) =>
    ask(as(user), { frame: 'participants', ref: 1, conversation: GROUP, cursor, limit })[0]
  t.match(page('bob', '', 2), {
    items: [
      { user: 'ann', role: 'owner' },
      { user: 'bob', role: 'member' },
    ],
    more: true,
  })
  t.match(page('bob', 'bob', 2), { items: [{ user: 'dan' }], more: false })
  t.match(page('cid', '', 2), { error: 'not-participant' })
})

t.test('audience: those who are in by what is stored, not by what waits', async (t) => {
  const { ask, commit, create } = makeConversation()
  await create(['bob'])
  const audience = () => {
    const [reply] = ask(SYSTEM, { frame: 'audience', conversation: GROUP })
    return reply?.frame === 'audienceList' ? [reply.membershipSeq, [...reply.users].sort()] : reply
  }
  ask(as('ann'), { frame: 'add', ref: 1, conversation: GROUP, users: ['cid'] })
  ask(as('ann'), { frame: 'remove', ref: 1, conversation: GROUP, users: ['bob'] })
  t.same(audience(), [1, ['ann', 'bob']])
  commit()
  t.same(audience(), [3, ['ann', 'cid']])
})

t.test("list: a user's conversations, by name, page by page, with the position they are as of", async (t) => {
  const { ask, done } = makeConversation('u:ann')
  const tell = (entered: boolean, about: string, seq: number) =>
    done(SYSTEM, { frame: 'enlist', conversation: 'u:ann', entered, about, epoch: 7, seq, id: idOf(`${about} ${seq}`) })
  await tell(true, GROUP, 4)
  await tell(true, DIRECT, 1)
  await tell(true, ROOM, 9)
  await tell(false, GROUP, 12)
  const page = (cursor: string, limit: number) =>
    ask(SYSTEM, { frame: 'list', conversation: 'u:ann', query: { frame: 'conversations', ref: 1, cursor, limit } })
  t.same(page('', 1), [
    {
      frame: 'conversationList',
      ref: 0,
      items: [{ conversation: DIRECT, since: 1, epoch: 7 }],
      more: true,
      epoch: 7,
      seq: 4,
    },
  ])
  t.match(page(DIRECT, 5), [{ items: [{ conversation: ROOM, since: 9 }], more: false }])
})
