/** States of conversations for tests, made as in life: by folding entries in. */
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Role } from '../../protocol/entry.js'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import { ConversationState } from '../conversation-state.js'
import type { ChangeDetail } from '../conversation-state.js'
import { GROUP, NOW } from './entry-fixture.js'

/** Folds in the next entry of a state; the users whose rows changed come back. */
export function fold(
  state: ConversationState,
  kind: number,
  detail: ChangeDetail = {},
  sender: UserId = 'ann',
): readonly UserId[] {
  const seq = state.head + 1
  const ordinal = state.ordinal + (kind === ENTRY_KIND.message ? 1 : 0)
  return state.apply({ kind, seq, ordinal, time: NOW + seq, sender }, detail)
}

/** A conversation that ann created with these participants. */
export function stateOf(
  roles: Readonly<Record<UserId, Role>>,
  fields: { conversation?: ConversationId; open?: boolean } = {},
): ConversationState {
  const { conversation = GROUP, open = false } = fields
  const state = new ConversationState(conversation)
  state.epoch = 7
  fold(state, ENTRY_KIND.created, { title: 'title', open, participants: roles })
  return state
}

/** Everything a state says, to compare two. */
export function pictureOf(state: ConversationState): unknown {
  const { epoch, head, ordinal, membershipSeq, time, title, open, creator } = state
  const participants = [...state.participants].sort(([a], [b]) => (a < b ? -1 : 1))
  const list = [...state.list].sort(([a], [b]) => (a < b ? -1 : 1))
  return { epoch, head, ordinal, membershipSeq, time, title, open, creator, participants, list }
}
