/**
 * Changes of a conversation: what a create, join, leave, add, remove, role or rename becomes. Pure: state and command in, the entry
 * to make or the refusal out. conversation.ts makes the entry; conversation-state.ts folds it in.
 */
import { ENTRY_KIND } from '../protocol/entry.js'
import type { Role } from '../protocol/entry.js'
import type { ReplyErrorName } from '../protocol/errors.js'
import type { Add, Change, Create, Remove, SetRole } from '../protocol/frames.js'
import type { UserId } from '../protocol/ids.js'
import type { ChangeDetail, ConversationState } from './conversation-state.js'
import { mayManage, maySetRole, outranks } from './permissions.js'
import type { Caller } from './transport.js'

export type Decision =
  | { readonly outcome: 'make'; readonly kind: number; readonly detail: ChangeDetail }
  /** It is so already: answer with this entry. */
  | { readonly outcome: 'done'; readonly seq: number }
  | { readonly outcome: 'refuse'; readonly error: ReplyErrorName; readonly text: string }

const make = (kind: number, detail: ChangeDetail): Decision => ({ outcome: 'make', kind, detail })
const done = (seq: number): Decision => ({ outcome: 'done', seq })
const refuse = (error: ReplyErrorName, text = ''): Decision => ({ outcome: 'refuse', error, text })

export function decide(state: ConversationState, caller: Caller, change: Change): Decision {
  if (state.kind === 'direct' || state.kind === 'user')
    return refuse('not-allowed', `a ${state.kind} conversation does not change`)
  if (change.frame === 'create') return create(state, caller, change)
  if (!state.exists) return refuse('no-such-conversation')
  switch (change.frame) {
    case 'join':
      return join(state, caller)
    case 'leave':
      return leave(state, caller)
    case 'add':
      return managed(state, caller) ?? add(state, change)
    case 'remove':
      return managed(state, caller) ?? remove(state, caller, change)
    case 'role':
      return managed(state, caller) ?? setRole(state, caller, change)
    case 'rename':
      return managed(state, caller) ?? make(ENTRY_KIND.renamed, { title: change.title })
  }
}

function create(state: ConversationState, caller: Caller, change: Create): Decision {
  if (state.exists) return state.creator === caller.user ? done(1) : refuse('already-exists')
  const participants: Record<UserId, Role> = {}
  for (const user of change.users) participants[user] = 'member'
  participants[caller.user] = 'owner'
  return make(ENTRY_KIND.created, { title: change.title, open: change.open, participants })
}

function join(state: ConversationState, caller: Caller): Decision {
  const row = state.participants.get(caller.user)
  if (state.present(caller.user)) return done(row?.spans.at(-1) ?? state.head)
  if (row?.role === 'banned') return refuse('not-allowed', 'the user is banned')
  if (!state.open && !caller.system)
    return refuse('not-allowed', 'the conversation is not open: ask an owner to add you')
  // to leave and come back is no way out of being muted
  const role = row?.role === 'muted' ? 'muted' : 'member'
  return make(ENTRY_KIND.joined, { participants: { [caller.user]: role } })
}

function leave(state: ConversationState, caller: Caller): Decision {
  const row = state.participants.get(caller.user)
  if (row === undefined) return refuse('not-participant')
  if (!state.present(caller.user)) return done(row.spans.at(-1) ?? state.head)
  if (isLastOwner(state, caller.user)) return refuse('last-owner')
  return make(ENTRY_KIND.left, { users: [caller.user] })
}

function managed(state: ConversationState, caller: Caller): Decision | undefined {
  if (caller.system) return undefined
  const row = state.present(caller.user)
  if (row === undefined) return refuse('not-participant')
  return mayManage(row.role) ? undefined : refuse('not-allowed', 'owners and admins only')
}

function add(state: ConversationState, change: Add): Decision {
  const participants: Record<UserId, Role> = {}
  for (const user of change.users) {
    if (state.participants.get(user)?.role === 'banned') return refuse('not-allowed', `${user} is banned`)
    if (!state.present(user)) participants[user] = 'member'
  }
  return Object.keys(participants).length === 0 ? done(state.head) : make(ENTRY_KIND.joined, { participants })
}

function remove(state: ConversationState, caller: Caller, change: Remove): Decision {
  const users: UserId[] = []
  for (const user of change.users) {
    const row = state.present(user)
    if (row === undefined) continue
    if (!caller.system && !outranks(state.present(caller.user)?.role ?? 'banned', row.role))
      return refuse('not-allowed', `${user} ranks as high`)
    users.push(user)
  }
  return users.length === 0 ? done(state.head) : make(ENTRY_KIND.removed, { users })
}

function setRole(state: ConversationState, caller: Caller, change: SetRole): Decision {
  const row = state.participants.get(change.user)
  if (row === undefined) return refuse('no-such-user')
  if (row.role === change.role) return done(state.head)
  const by = caller.system ? 'owner' : (state.present(caller.user)?.role ?? 'banned')
  if (!maySetRole(by, row.role, change.role)) return refuse('not-allowed')
  if (row.role === 'owner' && isLastOwner(state, change.user)) return refuse('last-owner')
  return make(ENTRY_KIND.role, { participants: { [change.user]: change.role } })
}

/** Whether others would be left without an owner. */
function isLastOwner(state: ConversationState, user: UserId): boolean {
  if (state.kind !== 'group' || state.present(user)?.role !== 'owner') return false
  let others = 0
  for (const [id, row] of state.participants) {
    if (id === user || !state.present(id)) continue
    if (row.role === 'owner') return false
    others++
  }
  return others > 0
}
