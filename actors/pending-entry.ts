/**
 * An entry between its conversation, which made it, and the journal, which has not stored it yet. It carries everything that is
 * due when it is stored: whom to answer, what to push, which rows history gets and which other conversations must hear of it.
 */
import type { MessageId, UserId } from '../protocol/ids.js'
import type { ReplyTo } from './command.js'
import type { StoredParticipant } from './history.js'
import type { Enlist } from './command.js'
import type { KeptEntry } from './kept-entries.js'

/** What follows from an entry besides its push. */
export interface Consequences {
  /** Rows of participants as of this entry. */
  readonly participants: readonly StoredParticipant[]
  /** Told to the users' own conversations after the commit, until they answered. */
  readonly enlists: readonly Enlist[]
  /** Of `u:` entries: the list item that was added or removed. */
  readonly list: {
    readonly conversation: string
    readonly since: number
    readonly epoch: number
    readonly gone: boolean
  } | null
}

export const NO_CONSEQUENCES: Consequences = { participants: [], enlists: [], list: null }

export interface PendingEntry extends KeptEntry {
  readonly kind: number
  readonly ordinal: number
  /** Seq of the newest entry that changed the participants, before and as of this one. */
  readonly membershipBefore: number
  readonly membershipSeq: number
  readonly consequences: Consequences
  /** Users who see this entry although it put them out. */
  readonly leaving: readonly UserId[]
  /** Answered with the entry's seq: the sender, and whoever repeated the same message meanwhile. */
  readonly waiting: ReplyTo[]
}

/** The id of the entry that tells `u:<user>` about entry `seq` of a conversation: always the same, so it is stored once. */
export type EnlistId = (conversation: string, epoch: number, seq: number, user: UserId, time: number) => MessageId
