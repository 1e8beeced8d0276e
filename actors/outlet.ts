/** Outlet: what leaves a conversation besides answers. The conversation is on one side, on the other the fan-out, which knows who is where. */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { ConversationState } from './conversation-state.js'
import type { KeptEntries } from './kept-entries.js'
import type { PendingEntry } from './pending-entry.js'
import type { Standing } from './standing.js'

export interface Mark {
  readonly user: UserId
  readonly delivered: number
  readonly read: number
}

/** The nodes that have participants online, as computed at a version of the directory and a membership. */
export interface Reach {
  directory: number
  membership: number
  readonly nodes: Set<NodeId>
}

/** A conversation as its outlet sees it. */
export interface PushingConversation {
  readonly id: ConversationId
  readonly state: ConversationState
  readonly standing: Standing
  readonly kept: KeptEntries
  /** Joins and leaves are not pushed, receipts are off. */
  readonly large: boolean
  /** The outlet's own notes. */
  reach: Reach | null
  receipts: Receipt[] | null
}

/** What one user is about to be told of a conversation: the newest mark of each of the others. */
export interface Receipt {
  readonly to: UserId
  readonly marks: Mark[]
}

/** Where a conversation's pushes go. */
export interface Outlet {
  push(conversation: PushingConversation, entry: PendingEntry, prev: number): void
  /** A user's marks rose from `before`. */
  receipt(conversation: PushingConversation, mark: Mark, before: Mark): void
  signal(conversation: PushingConversation, sender: UserId, name: string, data: Uint8Array): void
}
