/** Conversations as their owner holds them, and deliveries as other nodes get them, for the tests of fan-out and audiences. */
import { encodeWholeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { EntryKindName } from '../../protocol/entry.js'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import { Conversation } from '../conversation.js'
import type { ConversationShard } from '../conversation.js'
import type { Outlet } from '../outlet.js'
import { ConversationState } from '../conversation-state.js'
import type { ChangeDetail } from '../conversation-state.js'
import { Delivery } from '../delivery.js'
import type { DeliveryFields } from '../delivery.js'
import type { PendingEntry } from '../pending-entry.js'

const TIME = Date.UTC(2025, 0, 1)

function entryBytes(conversation: ConversationId, seq: number, kind: number, detail: ChangeDetail | null): Uint8Array {
  return encodeWholeEntry({
    version: 1,
    kind,
    conversation,
    seq,
    ordinal: seq,
    time: TIME,
    sender: 'ann',
    device: 'phone',
    id: '',
    type: detail === null ? 1 : 0,
    content: new Uint8Array(0),
    extra: detail && JSON.stringify(detail),
    priority: 0,
    ttl: 0,
  })
}

/** What another node gets of an entry; a message as of membership `before` unless it is a change. */
export function deliveryFrom(
  conversation: ConversationId,
  seq: number,
  before: number,
  change: {
    readonly kind: EntryKindName
    readonly detail: ChangeDetail
    readonly leaving?: readonly UserId[]
  } | null = null,
): Delivery {
  const kind = ENTRY_KIND[change?.kind ?? 'message']
  const fields: DeliveryFields = {
    conversation,
    epoch: 1,
    prev: seq - 1,
    seq,
    time: TIME,
    kind,
    membershipBefore: before,
    membershipSeq: change === null ? before : seq,
    leaving: change?.leaving ?? [],
    entry: entryBytes(conversation, seq, kind, change?.detail ?? null),
  }
  return new Delivery(fields)
}

/** A conversation that nobody gives a command: its shard and outlet are never asked. */
export function conversationOf(id: ConversationId, users: readonly UserId[]): Conversation {
  const state = new ConversationState(id)
  const participants = Object.fromEntries(users.map((user) => [user, 'member'] as const))
  state.apply({ kind: ENTRY_KIND.created, seq: 1, ordinal: 0, time: TIME, sender: 'ann' }, { participants })
  return new Conversation(state, {} as ConversationShard, {} as Outlet)
}

/** A stored message of a conversation, about to be pushed. */
export function storedEntry(conversation: Conversation, seq: number, leaving: readonly UserId[] = []): PendingEntry {
  const bytes = entryBytes(conversation.id, seq, ENTRY_KIND.message, null)
  const { epoch, membershipSeq } = conversation.standing
  return {
    seq,
    time: TIME,
    sender: 'ann',
    device: 'phone',
    id: '',
    type: 1,
    bytes,
    conversationId: conversation.id,
    kind: ENTRY_KIND.message,
    ordinal: seq,
    conversation,
    consequences: { participants: [], enlists: [], list: null },
    record: null,
    epoch,
    membershipBefore: membershipSeq,
    membershipSeq,
    since: TIME,
    leaving,
    to: null,
    also: null,
  }
}
