/** The state of a conversation: what each kind of entry does to it, and that it does not matter where it was read from. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Role } from '../../protocol/entry.js'
import { ConversationState } from '../conversation-state.js'
import type { ChangeDetail, Folded } from '../conversation-state.js'
import type { Activation } from '../history.js'
import { DIRECT, GROUP, NOW, OTHER_GROUP } from './entry-fixture.js'
import { fold, pictureOf, stateOf } from './state-fixture.js'

t.test('conversation-state: a group exists once it was created, a one-to-one conversation always', async (t) => {
  t.notOk(new ConversationState(GROUP).exists)
  t.ok(stateOf({ ann: 'owner' }).exists)
  const direct = new ConversationState(DIRECT)
  t.ok(direct.exists)
  t.ok(direct.present('ann') && direct.present('bob'))
  t.ok(new ConversationState('u:ann').present('ann'))
})

t.test('conversation-state: a created entry names title, openness, creator and participants', async (t) => {
  const state = stateOf({ ann: 'owner', bob: 'member' }, { open: true })
  t.match(state, { title: 'title', open: true, creator: 'ann', membershipSeq: 1, head: 1, ordinal: 0 })
  t.match(state.present('bob'), { role: 'member', spans: [1] })
})

t.test('conversation-state: messages count, changes do not', async (t) => {
  const state = stateOf({ ann: 'owner' })
  t.same(fold(state, ENTRY_KIND.message), [])
  fold(state, ENTRY_KIND.renamed, { title: 'better' })
  t.match(state, { head: 3, ordinal: 1, title: 'better', time: NOW + 3, membershipSeq: 1 })
})

t.test(
  'conversation-state: who leaves, is removed or is banned sees up to that entry and is not present',
  async (t) => {
    const state = stateOf({ ann: 'owner', bob: 'member', cid: 'member', dan: 'member' })
    t.same(fold(state, ENTRY_KIND.left, { users: ['bob'] }), ['bob'])
    t.same(fold(state, ENTRY_KIND.removed, { users: ['cid'] }), ['cid'])
    t.same(fold(state, ENTRY_KIND.role, { participants: { dan: 'banned' } }), ['dan'])
    for (const [user, until] of Object.entries({ bob: 2, cid: 3, dan: 4 })) {
      t.notOk(state.present(user))
      t.same(state.participants.get(user)?.spans, [1, until])
    }
    t.equal(state.membershipSeq, 4)
  },
)

t.test('conversation-state: who comes back sees what came before they left and what comes from now on', async (t) => {
  const state = stateOf({ ann: 'owner', bob: 'admin' })
  fold(state, ENTRY_KIND.left, { users: ['bob'] })
  fold(state, ENTRY_KIND.message)
  fold(state, ENTRY_KIND.joined, { participants: { bob: 'member' } })
  t.match(state.present('bob'), { role: 'member', spans: [1, 2, 4] })
})

t.test('conversation-state: a role of a stranger changes nobody', async (t) => {
  const state = stateOf({ ann: 'owner' })
  fold(state, ENTRY_KIND.role, { participants: { eve: 'admin' } })
  t.notOk(state.participants.has('eve'))
})

t.test('conversation-state: the list of a user gains and loses conversations', async (t) => {
  const state = new ConversationState('u:ann')
  fold(state, ENTRY_KIND.entered, { conversation: GROUP, epoch: 7, seq: 3 })
  fold(state, ENTRY_KIND.entered, { conversation: OTHER_GROUP, epoch: 7, seq: 1 })
  fold(state, ENTRY_KIND.exited, { conversation: OTHER_GROUP, epoch: 7, seq: 5 })
  t.same([...state.list.values()], [{ conversation: GROUP, since: 3, epoch: 7 }])
})

t.test('conversation-state: an epoch never goes back', async (t) => {
  const state = stateOf({ ann: 'owner' })
  fold(state, ENTRY_KIND.epoch, { epoch: 9 })
  fold(state, ENTRY_KIND.epoch, { epoch: 8 })
  t.equal(state.epoch, 9)
})

t.test('conversation-state: an entry of an unknown kind only moves the head', async (t) => {
  const state = stateOf({ ann: 'owner' })
  t.same(fold(state, 99), [])
  t.match(state, { head: 2, title: 'title', membershipSeq: 1 })
})

t.test('conversation-state: the first entry of a one-to-one conversation brings both rows', async (t) => {
  const state = new ConversationState(DIRECT)
  t.same(fold(state, ENTRY_KIND.message), ['ann', 'bob'])
  t.same(fold(state, ENTRY_KIND.message), [])
})

t.test('conversation-state: marks rise, never above the head, and what is read was delivered', async (t) => {
  const state = stateOf({ ann: 'owner' })
  for (let i = 0; i < 4; i++) fold(state, ENTRY_KIND.message)
  const ann = state.participants.get('ann')
  if (ann === undefined) throw new Error('ann is not in')
  t.ok(state.mark(ann, 0, 3))
  t.match(state.present('ann'), { delivered: 3, read: 3 })
  t.notOk(state.mark(ann, 2, 1), 'lower ones are ignored')
  t.ok(state.mark(ann, 99, 3))
  t.match(state.present('ann'), { delivered: 5, read: 3 })
})

t.test('conversation-state: a stored row does not change with the state it was taken from', async (t) => {
  const state = stateOf({ ann: 'owner' })
  const row = state.storedParticipant('ann')
  fold(state, ENTRY_KIND.left, { users: ['ann'] })
  t.same(row?.spans, [1])
  t.equal(state.storedParticipant('eve'), undefined)
})

// ── read from history at any point ──────────────────────────────────────────────────────────────────────────────────

interface Step {
  readonly entry: Folded
  readonly detail: ChangeDetail
}

const user = fc.constantFrom('ann', 'bob', 'cid', 'dan')
const participants = fc.dictionary(user, fc.constantFrom<Role>('owner', 'admin', 'member', 'muted', 'banned'))
const place = { conversation: fc.constantFrom(GROUP, OTHER_GROUP), epoch: fc.nat(9), seq: fc.nat(9) }
const detail = fc.record({ participants, users: fc.uniqueArray(user), title: fc.string(), ...place })
const drawn = fc.record({
  kind: fc.constantFrom(...Object.values(ENTRY_KIND), 99),
  detail,
  sender: user,
  ms: fc.nat(5),
})

const steps = fc.array(drawn, { maxLength: 25 }).map((all) => {
  let ordinal = 0
  let time = NOW
  return all.map(({ kind, detail, sender, ms }, i): Step => {
    if (kind === ENTRY_KIND.message) ordinal++
    time += ms
    return { entry: { kind, seq: i + 1, ordinal, time, sender }, detail }
  })
})

function applied(state: ConversationState, all: readonly Step[]): ConversationState {
  for (const { entry, detail } of all) state.apply(entry, detail)
  return state
}

const begin = (): ConversationState => applied(new ConversationState(GROUP), [])

/** What history holds when it was written up to entry `k`: rows as of it, but the conversation's as far as the owner is by then. */
function writtenUpTo(all: readonly Step[], k: number, owner: ConversationState): Activation | null {
  const last = all[k - 1]
  if (last === undefined) return null
  const then = applied(begin(), all.slice(0, k))
  const rows = [...then.participants.keys()].flatMap((user) => then.storedParticipant(user) ?? [])
  return { state: owner.stored(last.entry), participants: rows, list: [...then.list.values()], ids: [] }
}

t.test('conversation-state: read from history at any point, with the rest folded in, it is the same', async () => {
  fc.assert(
    fc.property(steps, fc.nat(25), fc.nat(25), (all, k, ahead) => {
      const owner = applied(begin(), all.slice(0, k + ahead))
      const stored = writtenUpTo(all, Math.min(k, all.length), owner)
      const state = begin()
      if (stored !== null) state.load(stored)
      assert.deepEqual(pictureOf(applied(state, all.slice(k))), pictureOf(applied(begin(), all)))
    }),
    { numRuns: 60 },
  )
})

t.test('conversation-state: entries that are folded in already change nothing', async () => {
  fc.assert(
    fc.property(steps, fc.nat(25), (all, from) => {
      const state = applied(begin(), all)
      const before = pictureOf(state)
      for (const { entry, detail } of all.slice(from)) assert.deepEqual(state.apply(entry, detail), [])
      assert.deepEqual(pictureOf(state), before)
    }),
    { numRuns: 60 },
  )
})
