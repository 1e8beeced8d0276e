/**
 * An entry between its conversation, which made it, and the journal, which has not stored it yet. It carries everything that is
 * due when it is stored: whom to answer, what to push, which rows history gets and which other conversations must hear of it.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { ReplyTo } from './command.js'
import type { ArchivedConversation, UnarchivedEntry } from './unarchived.js'

/** The conversation that made an entry, and hears when it is stored. */
export interface WritingConversation extends ArchivedConversation {
  readonly id: ConversationId
  /** The journal stored the entry: called in order of seq. */
  commit(entry: PendingEntry): void
}

export interface PendingEntry extends UnarchivedEntry {
  readonly conversation: WritingConversation
  /** The conversation's epoch as of this entry. */
  readonly epoch: number
  /** Seq of the newest entry that changed the participants, before and as of this one. */
  readonly membershipBefore: number
  readonly membershipSeq: number
  /** When it was made, milliseconds since 1970. */
  readonly since: number
  /** Users who see this entry although it put them out. */
  readonly leaving: readonly UserId[]
  /** Answered with the entry's seq: the sender, and whoever repeated the same message meanwhile. */
  to: ReplyTo | null
  also: ReplyTo[] | null
}
