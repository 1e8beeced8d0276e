/**
 * ClientStorage: where positions and unacked messages outlive the process or the page. One storage belongs to one device
 * of one user. The client reads it once, before it first connects, and writes behind: a position after its entries were
 * given to the listeners, so a crash repeats entries rather than losing any; a message when it enters and leaves the outbox.
 */
import type { ConversationId } from '../ids.js'
import type { Position } from '../frames.js'

export interface StoredPosition extends Position {
  /** Time of its newest entry, milliseconds since 1970: the most recent ones are resumed first. */
  readonly time: number
}

export interface StoredMessage {
  readonly conversation: ConversationId
  /** 36 characters. */
  readonly id: string
  readonly type: number
  readonly priority: number
  readonly body: Uint8Array
}

export interface Stored {
  readonly positions: readonly StoredPosition[]
  /** In the order in which they were added. */
  readonly messages: readonly StoredMessage[]
}

export interface ClientStorage {
  load(): Promise<Stored> | Stored
  savePositions(positions: readonly StoredPosition[]): Promise<void> | void
  dropPosition(conversation: ConversationId): Promise<void> | void
  addMessage(message: StoredMessage): Promise<void> | void
  removeMessage(id: string): Promise<void> | void
}

/** Lives as long as the object: the default, and the double for tests. */
export class MemoryStorage implements ClientStorage {
  readonly #positions = new Map<ConversationId, StoredPosition>()
  readonly #messages = new Map<string, StoredMessage>()

  load(): Stored {
    return { positions: [...this.#positions.values()], messages: [...this.#messages.values()] }
  }

  savePositions(positions: readonly StoredPosition[]): void {
    for (const position of positions) this.#positions.set(position.conversation, position)
  }

  dropPosition(conversation: ConversationId): void {
    this.#positions.delete(conversation)
  }

  addMessage(message: StoredMessage): void {
    this.#messages.set(message.id, message)
  }

  removeMessage(id: string): void {
    this.#messages.delete(id)
  }
}
