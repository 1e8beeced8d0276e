/**
 * History: the queryable past, a projection of the journal. The owner of a shard writes it behind, in batches, each with the
 * shard's journal position in the same transaction; an activation reads state and position in one snapshot of the primary.
 */
import type { ConversationId, ConversationKind, MessageId, UserId } from '../protocol/ids.js'
import type { Entry, Role } from '../protocol/entry.js'
import type { ShardId } from './journal.js'

/** How far a shard is archived. */
export interface ShardPosition {
  /** JournalTail.stream the numbers belong to; '' when the shard was never archived. */
  readonly stream: string
  /** Journal number of the last archived record. */
  readonly seq: number
  /** The shard's epoch as of that record; 0 when never archived. */
  readonly epoch: number
}

/** A participant as stored: also those who left, because what they may see stays. */
export interface StoredParticipant {
  readonly user: UserId
  readonly role: Role
  /** Intervals of visibility, flat and rising: since, until, since, until …; an odd length means the last one is open. Both ends are included. */
  readonly spans: readonly number[]
  readonly delivered: number
  readonly read: number
}

/** An item of the list that `u:<user>` keeps. */
export interface StoredListItem {
  readonly conversation: ConversationId
  readonly since: number
  readonly epoch: number
}

export interface StoredConversation {
  readonly conversation: ConversationId
  readonly kind: ConversationKind
  readonly epoch: number
  readonly head: number
  readonly ordinal: number
  /** Seq of the last entry that changed the participants. */
  readonly membershipSeq: number
  /** Time of the newest entry, milliseconds since 1970. */
  readonly time: number
  readonly title: string
  readonly open: boolean
  readonly creator: UserId
}

/** A client message id that history holds. */
export interface KnownId {
  readonly sender: UserId
  readonly id: MessageId
  readonly seq: number
  readonly epoch: number
  readonly time: number
}

export interface Activation {
  readonly state: StoredConversation
  readonly participants: readonly StoredParticipant[]
  /** For `u:` conversations. */
  readonly list: readonly StoredListItem[]
  /** Ids of messages stored since `idsSince`. */
  readonly ids: readonly KnownId[]
}

/** Everything one shard archives at once. State rows are as of the last entry of the batch, not differences. */
export interface ArchiveBatch {
  readonly shard: ShardId
  /** Position the batch continues from; another stored position refuses the batch. */
  readonly fromStream: string
  readonly from: number
  /** Position after the batch. The stream differs from `fromStream` when the shard's first batch, or a new epoch, begins. */
  readonly stream: string
  readonly to: number
  readonly epoch: number
  readonly entries: readonly Entry[]
  readonly conversations: readonly StoredConversation[]
  readonly participants: readonly { readonly conversation: ConversationId; readonly participant: StoredParticipant }[]
  readonly list: readonly { readonly user: UserId; readonly item: StoredListItem; readonly gone: boolean }[]
}

export type ArchiveOutcome =
  | { readonly outcome: 'archived'; readonly quarantined: number }
  /** Nothing was written: the stored position is another one. */
  | { readonly outcome: 'mismatch'; readonly position: ShardPosition }
  /** Nobody knows, or history is away: ask for the position before going on. */
  | { readonly outcome: 'unknown'; readonly reason: string }

export interface PageQuery {
  readonly conversation: ConversationId
  /** Seqs from `from` to `to`, both included. */
  readonly from: number
  readonly to: number
  readonly limit: number
  /** True: the newest `limit` of the range; false: the oldest. The answer rises in either case. */
  readonly newest: boolean
  /** Types of messages wanted; empty for every entry. */
  readonly types: readonly number[]
}

export interface Mark {
  readonly conversation: ConversationId
  readonly user: UserId
  readonly delivered: number
  readonly read: number
}

export interface History {
  /** The number of shards of this cluster, written by whoever asks first. Rejects when history is away. */
  shards(wanted: number): Promise<number>
  positions(shards: readonly ShardId[]): Promise<ShardPosition[]>
  /** State of the conversations that exist, and the position of the shard, in one snapshot of the primary. */
  activate(
    shard: ShardId,
    conversations: readonly ConversationId[],
    idsSince: number,
  ): Promise<{ position: ShardPosition; found: Activation[] }>
  /** Never rejects. A row that the store refuses is set aside (quarantine) and counted; the rest goes on. */
  archive(batch: ArchiveBatch): Promise<ArchiveOutcome>
  /** Entries in rising order of seq. Rejects when history is away. */
  page(query: PageQuery): Promise<Entry[]>
  /** Looks for an id of any age. Rejects when history is away. */
  findId(conversation: ConversationId, sender: UserId, id: MessageId): Promise<KnownId | null>
  /** Raises marks; lower ones are ignored. Rejects when history is away. */
  mark(marks: readonly Mark[]): Promise<void>
  close(): Promise<void>
}
