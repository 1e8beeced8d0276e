/** What follows from an entry besides its push: rows of history, and what other conversations must hear. */
import type { ConversationId } from '../protocol/ids.js'
import type { Enlist } from './command.js'
import type { StoredParticipant } from './history.js'

export interface ListChange {
  readonly conversation: ConversationId
  readonly since: number
  readonly epoch: number
  readonly gone: boolean
}

export interface Consequences {
  /** Rows of participants as of this entry. */
  readonly participants: readonly StoredParticipant[]
  /** Told to the users' own conversations after the commit, until they answered. */
  readonly enlists: readonly Enlist[]
  /** Of `u:` entries: the list item that was added or removed. */
  readonly list: ListChange | null
}

export const NO_CONSEQUENCES: Consequences = { participants: [], enlists: [], list: null }
