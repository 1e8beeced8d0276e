/** Changes: every decision about a create, join, leave, add, remove, role and rename, refusals included. */
import t from 'tap'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Role } from '../../protocol/entry.js'
import type { Change, Create } from '../../protocol/frames.js'
import type { UserId } from '../../protocol/ids.js'
import { decide } from '../changes.js'
import type { Decision } from '../changes.js'
import { ConversationState } from '../conversation-state.js'
import { DIRECT, GROUP, ROOM, SYSTEM, as } from './entry-fixture.js'
import { fold, stateOf } from './state-fixture.js'

const common = { ref: 1, conversation: GROUP }
const create = (fields: Partial<Create> = {}): Change => ({
  frame: 'create',
  ...common,
  title: 'new',
  open: false,
  users: [],
  ...fields,
})
const join: Change = { frame: 'join', ...common }
const leave: Change = { frame: 'leave', ...common }
const add = (...users: UserId[]): Change => ({ frame: 'add', ...common, users })
const remove = (...users: UserId[]): Change => ({ frame: 'remove', ...common, users })
const setRole = (user: UserId, role: Role): Change => ({ frame: 'role', ...common, user, role })
const rename = (title: string): Change => ({ frame: 'rename', ...common, title })

const EVERY: readonly Change[] = [create(), join, leave, add('x'), remove('x'), setRole('x', 'admin'), rename('x')]
const refused = (decision: Decision): string => (decision.outcome === 'refuse' ? decision.error : decision.outcome)
const group = () => stateOf({ ann: 'owner', bob: 'admin', cid: 'member', dan: 'member' })

t.test('changes: one-to-one and user conversations do not change', async (t) => {
  for (const conversation of [DIRECT, 'u:ann'])
    for (const change of EVERY)
      t.equal(refused(decide(new ConversationState(conversation), SYSTEM, change)), 'not-allowed', change.frame)
})

t.test('changes: what was not created takes nothing but a create', async (t) => {
  for (const change of EVERY.slice(1))
    t.equal(refused(decide(new ConversationState(GROUP), as('ann'), change)), 'no-such-conversation', change.frame)
})

t.test('changes: who creates is the owner, also when they name themselves among the users', async (t) => {
  const decision = decide(new ConversationState(GROUP), as('ann'), create({ open: true, users: ['bob', 'ann'] }))
  const participants = { bob: 'member', ann: 'owner' }
  t.same(decision, { outcome: 'make', kind: ENTRY_KIND.created, detail: { title: 'new', open: true, participants } })
})

t.test('changes: a create repeated by its creator is done already, by another refused', async (t) => {
  t.same(decide(group(), as('ann'), create()), { outcome: 'done', seq: 1 })
  t.equal(refused(decide(group(), as('bob'), create())), 'already-exists')
})

t.test('changes: anybody joins an open conversation, nobody a closed one', async (t) => {
  t.same(decide(stateOf({ ann: 'owner' }, { open: true }), as('eve'), join), {
    outcome: 'make',
    kind: ENTRY_KIND.joined,
    detail: { participants: { eve: 'member' } },
  })
  t.equal(refused(decide(group(), as('eve'), join)), 'not-allowed')
})

t.test('changes: the server joins a user to a closed conversation, but no banned one', async (t) => {
  const state = group()
  t.equal(decide(state, { ...as('eve'), system: true }, join).outcome, 'make')
  fold(state, ENTRY_KIND.role, { participants: { dan: 'banned' } })
  t.equal(refused(decide(state, { ...as('dan'), system: true }, join)), 'not-allowed')
})

t.test('changes: a join repeated is answered with the entry that let the user in', async (t) => {
  const state = stateOf({ ann: 'owner' }, { open: true })
  fold(state, ENTRY_KIND.joined, { participants: { eve: 'member' } }, 'eve')
  fold(state, ENTRY_KIND.message)
  t.same(decide(state, as('eve'), join), { outcome: 'done', seq: 2 })
})

t.test('changes: who was banned does not join again, and who was muted comes back muted', async (t) => {
  const state = stateOf({ ann: 'owner', bob: 'member', cid: 'member' }, { open: true })
  fold(state, ENTRY_KIND.role, { participants: { bob: 'banned' } })
  fold(state, ENTRY_KIND.role, { participants: { cid: 'muted' } })
  fold(state, ENTRY_KIND.left, { users: ['cid'] }, 'cid')
  t.equal(refused(decide(state, as('bob'), join)), 'not-allowed')
  t.match(decide(state, as('cid'), join), { outcome: 'make', detail: { participants: { cid: 'muted' } } })
})

t.test('changes: a participant leaves once, a stranger not at all', async (t) => {
  const state = group()
  t.same(decide(state, as('cid'), leave), { outcome: 'make', kind: ENTRY_KIND.left, detail: { users: ['cid'] } })
  fold(state, ENTRY_KIND.left, { users: ['cid'] }, 'cid')
  fold(state, ENTRY_KIND.message)
  t.same(decide(state, as('cid'), leave), { outcome: 'done', seq: 2 })
  t.equal(refused(decide(state, as('eve'), leave)), 'not-participant')
})

t.test('changes: the last owner of a group leaves only when nobody is left behind', async (t) => {
  const state = group()
  t.equal(refused(decide(state, as('ann'), leave)), 'last-owner')
  fold(state, ENTRY_KIND.role, { participants: { bob: 'owner' } })
  t.equal(decide(state, as('ann'), leave).outcome, 'make', 'there is another owner')
  t.equal(decide(stateOf({ ann: 'owner' }), as('ann'), leave).outcome, 'make', 'nobody is left behind')
})

t.test('changes: a room may lose its last owner', async (t) => {
  const state = stateOf({ ann: 'owner', bob: 'member' }, { conversation: ROOM })
  t.equal(decide(state, as('ann'), leave).outcome, 'make')
})

t.test('changes: only owners and admins who are in add, remove, set roles and rename', async (t) => {
  const state = group()
  fold(state, ENTRY_KIND.removed, { users: ['bob'] })
  for (const change of [add('eve'), remove('dan'), setRole('dan', 'muted'), rename('x')]) {
    t.equal(refused(decide(state, as('cid'), change)), 'not-allowed', `${change.frame} by a member`)
    t.equal(refused(decide(state, as('eve'), change)), 'not-participant', `${change.frame} by a stranger`)
    t.equal(refused(decide(state, as('bob'), change)), 'not-participant', `${change.frame} by one who was removed`)
    t.equal(decide(state, as('ann'), change).outcome, 'make', `${change.frame} by the owner`)
    t.equal(decide(state, SYSTEM, change).outcome, 'make', `${change.frame} by the server`)
  }
})

t.test('changes: only those who are not in are added; when all are, it is done', async (t) => {
  const state = group()
  t.match(decide(state, as('bob'), add('cid', 'eve')), {
    kind: ENTRY_KIND.joined,
    detail: { participants: { eve: 'member' } },
  })
  t.same(decide(state, as('bob'), add('cid', 'dan')), { outcome: 'done', seq: 1 })
})

t.test('changes: one banned user refuses the whole add', async (t) => {
  const state = group()
  fold(state, ENTRY_KIND.role, { participants: { dan: 'banned' } })
  t.equal(refused(decide(state, as('ann'), add('eve', 'dan'))), 'not-allowed')
  t.equal(refused(decide(state, SYSTEM, add('dan'))), 'not-allowed')
})

t.test('changes: those of lower rank are removed, those not in are passed over', async (t) => {
  const state = group()
  t.same(decide(state, as('bob'), remove('cid', 'eve')), {
    outcome: 'make',
    kind: ENTRY_KIND.removed,
    detail: { users: ['cid'] },
  })
  t.equal(refused(decide(state, as('bob'), remove('cid', 'ann'))), 'not-allowed')
  t.equal(refused(decide(state, as('bob'), remove('bob'))), 'not-allowed', 'to leave is not to be removed')
  t.same(decide(state, as('bob'), remove('eve')), { outcome: 'done', seq: 1 })
  t.match(decide(state, SYSTEM, remove('ann')), { detail: { users: ['ann'] } })
})

t.test('changes: roles are set by rank, once', async (t) => {
  const state = group()
  t.same(decide(state, as('bob'), setRole('cid', 'muted')), {
    outcome: 'make',
    kind: ENTRY_KIND.role,
    detail: { participants: { cid: 'muted' } },
  })
  t.equal(refused(decide(state, as('bob'), setRole('cid', 'admin'))), 'not-allowed')
  t.equal(refused(decide(state, as('bob'), setRole('ann', 'member'))), 'not-allowed')
  t.equal(refused(decide(state, as('ann'), setRole('eve', 'member'))), 'no-such-user')
  t.same(decide(state, as('ann'), setRole('cid', 'member')), { outcome: 'done', seq: 1 })
})

t.test('changes: the last owner keeps the role while others are in, whoever asks', async (t) => {
  t.equal(refused(decide(group(), as('ann'), setRole('ann', 'member'))), 'last-owner')
  t.equal(refused(decide(group(), SYSTEM, setRole('ann', 'banned'))), 'last-owner')
  const two = group()
  fold(two, ENTRY_KIND.role, { participants: { bob: 'owner' } })
  t.equal(decide(two, as('ann'), setRole('ann', 'member')).outcome, 'make')
})

t.test('changes: one who left can still be banned', async (t) => {
  const state = group()
  fold(state, ENTRY_KIND.left, { users: ['dan'] }, 'dan')
  t.equal(decide(state, as('bob'), setRole('dan', 'banned')).outcome, 'make')
})
