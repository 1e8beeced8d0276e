/**
 * Events: typed listeners of the client. Listeners run in the order in which they were added; one that throws does not
 * keep an entry from the others, its error surfaces as an uncaught one.
 */
import type { ConversationId, UserId } from '../ids.js'
import type { Receipts } from '../frames.js'
import type { RookeryError } from './client-error.js'
import type { ClientEntry } from './client-entry.js'

export type ClientState = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed'

export interface ClientEvents {
  /** Every entry: in order of seq in its conversation, once. */
  entry: ClientEntry
  /** The entries that are messages. */
  message: ClientEntry
  /** How far other participants, or other devices of the user, got. */
  receipts: Pick<Receipts, 'conversation' | 'items'>
  /** An ephemeral push: typing, a cursor. */
  signal: { conversation: ConversationId; sender: UserId; name: string; data: Uint8Array }
  state: ClientState
  /** What is held of the conversation is stale: the entries that follow begin anew. */
  unrecovered: { conversation: ConversationId; epoch: number; head: number }
  /** An error of something nobody awaits. */
  error: RookeryError
  /** The client will not come back by itself; `connect` begins again. */
  closed: { code: number; name: string }
}

type Listener<T> = (event: T) => void

export class Events {
  readonly #listeners: { readonly [N in keyof ClientEvents]: Set<Listener<ClientEvents[N]>> } = {
    entry: new Set(),
    message: new Set(),
    receipts: new Set(),
    signal: new Set(),
    state: new Set(),
    unrecovered: new Set(),
    error: new Set(),
    closed: new Set(),
  }

  /** The answer removes the listener. */
  on<N extends keyof ClientEvents>(name: N, listener: Listener<ClientEvents[N]>): () => void {
    const listeners: Set<Listener<ClientEvents[N]>> = this.#listeners[name]
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  emit<N extends keyof ClientEvents>(name: N, event: ClientEvents[N]): void {
    for (const listener of this.#listeners[name]) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
