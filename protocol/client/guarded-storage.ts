/**
 * GuardedStorage: the application's storage as the client uses it. Writes are not awaited, and a storage that fails never
 * stops the messages: it is reported as an `error` event.
 */
import type { ConversationId } from '../ids.js'
import { RookeryError } from './client-error.js'
import type { Events } from './events.js'
import type { ClientStorage, Stored, StoredMessage, StoredPosition } from './storage.js'

const NOTHING: Stored = { positions: [], messages: [] }

export class GuardedStorage {
  readonly #storage: ClientStorage
  readonly #events: Events

  constructor(storage: ClientStorage, events: Events) {
    this.#storage = storage
    this.#events = events
  }

  async load(): Promise<Stored> {
    return (await this.#guard(() => this.#storage.load())) ?? NOTHING
  }

  savePositions(positions: readonly StoredPosition[]): void {
    void this.#guard(() => this.#storage.savePositions(positions))
  }

  dropPosition(conversation: ConversationId): void {
    void this.#guard(() => this.#storage.dropPosition(conversation))
  }

  addMessage(message: StoredMessage): void {
    void this.#guard(() => this.#storage.addMessage(message))
  }

  removeMessage(id: string): void {
    void this.#guard(() => this.#storage.removeMessage(id))
  }

  async #guard<T>(act: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await act()
    } catch (cause) {
      this.#events.emit('error', new RookeryError('storage-failed', '', cause))
      return undefined
    }
  }
}
