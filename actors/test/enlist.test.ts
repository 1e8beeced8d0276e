/** What the users' own conversations hear of a change, and the ids it is said with. */
import fc from 'fast-check'
import t from 'tap'
import { decodeBody } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import { isMessageId, messageIdTime } from '../../protocol/ids.js'
import type { UserId } from '../../protocol/ids.js'
import { ConversationState } from '../conversation-state.js'
import type { ChangeDetail } from '../conversation-state.js'
import { changeBody, derivedId, listChange, makeEnlists } from '../enlist.js'
import { DIRECT, GROUP, NOW } from './entry-fixture.js'
import { fold, stateOf } from './state-fixture.js'

/** Folds the entry in; whom it tells, as `+user` or `-user`. */
function told(state: ConversationState, kind: number, detail: ChangeDetail = {}): string[] {
  const changed = fold(state, kind, detail)
  const { head: seq, ordinal, time } = state
  const enlists = makeEnlists(state, { kind, seq, ordinal, time, sender: 'ann' }, detail, changed)
  return enlists.map(({ conversation, entered }) => `${entered ? '+' : '-'}${conversation.slice(2)}`)
}

const roles = (...users: UserId[]) => ({
  participants: Object.fromEntries(users.map((user) => [user, 'member' as const])),
})

t.test('enlist: a derived id is a UUIDv7 of its time, the same for the same time and text', async () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), fc.string(), (time, text) => {
      const id = derivedId(time, text)
      return isMessageId(id) && messageIdTime(id) === time && id === derivedId(time, text)
    }),
  )
})

t.test('enlist: derived ids of different texts or times differ', async (t) => {
  const ids = new Set<string>()
  for (let i = 0; i < 1000; i++) ids.add(derivedId(NOW, String(i))).add(derivedId(NOW + 1, String(i)))
  t.equal(ids.size, 2000)
})

t.test('enlist: those who come in and those who go out are told', async (t) => {
  const state = new ConversationState(GROUP)
  t.same(told(state, ENTRY_KIND.created, roles('ann', 'bob', 'cid', 'dan')), ['+ann', '+bob', '+cid', '+dan'])
  t.same(told(state, ENTRY_KIND.joined, roles('eve')), ['+eve'])
  t.same(told(state, ENTRY_KIND.left, { users: ['bob'] }), ['-bob'])
  t.same(told(state, ENTRY_KIND.removed, { users: ['cid'] }), ['-cid'])
})

t.test('enlist: of roles only a ban is told', async (t) => {
  const state = stateOf({ ann: 'owner', bob: 'member' })
  t.same(told(state, ENTRY_KIND.role, { participants: { bob: 'admin' } }), [])
  t.same(told(state, ENTRY_KIND.role, { participants: { bob: 'banned' } }), ['-bob'])
})

t.test('enlist: messages, titles and epochs tell nobody', async (t) => {
  const state = stateOf({ ann: 'owner' })
  for (const kind of [ENTRY_KIND.message, ENTRY_KIND.renamed, ENTRY_KIND.epoch, 99]) t.same(told(state, kind), [])
})

t.test('enlist: a one-to-one conversation is entered by both with its first entry', async (t) => {
  const state = new ConversationState(DIRECT)
  t.same(told(state, ENTRY_KIND.message), ['+ann', '+bob'])
  t.same(told(state, ENTRY_KIND.message), [])
})

t.test("enlist: a user's own conversation tells nobody", async (t) => {
  t.same(told(new ConversationState('u:ann'), ENTRY_KIND.entered, { conversation: GROUP, epoch: 7, seq: 1 }), [])
})

t.test('enlist: what is told is the same however often, and names conversation, epoch and seq', async (t) => {
  const make = () => {
    const state = stateOf({ ann: 'owner' })
    return makeEnlists(state, { kind: ENTRY_KIND.created, seq: 1, ordinal: 0, time: NOW, sender: 'ann' }, {}, [
      'ann',
      'bob',
    ])
  }
  const [ann, bob] = make()
  t.same([ann, bob], make())
  t.match(ann, { frame: 'enlist', conversation: 'u:ann', entered: true, about: GROUP, epoch: 7, seq: 1 })
  t.not(ann?.id, bob?.id)
})

t.test('enlist: entered adds an item to the list, exited takes it away, nothing else touches it', async (t) => {
  const detail = { conversation: GROUP, epoch: 7, seq: 3 }
  t.same(listChange(ENTRY_KIND.entered, detail), { conversation: GROUP, since: 3, epoch: 7, gone: false })
  t.match(listChange(ENTRY_KIND.exited, detail), { gone: true })
  t.equal(listChange(ENTRY_KIND.message, detail), null)
})

t.test('enlist: the body of a change holds its detail and no content', async (t) => {
  const body = decodeBody(changeBody('', { title: 'x' }))
  t.match(body, { id: '', type: 0, extra: '{"title":"x"}' })
  t.equal(body.content.length, 0)
})
