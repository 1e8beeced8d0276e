/**
 * Load client: one connection of a load generator, in whatever protocol. Raw and lean: it repeats and mends nothing, makes no object for a
 * delivery, and gathers what is sent in one turn into one write where its protocol allows it.
 */
import type { Target } from './target.js'

/** What a workload hears of a connection; `at` is the index of the connection in its generator. */
export interface LoadListener {
  /** The system took the message with this number: stored where it promises that, else never called. */
  acked(at: number, number: number): void
  /**
   * A message of somebody else, or the echo of one's own. Its content is `bytes` from `start` to `end`, only during the call, and holds the number
   * as a little-endian double at its beginning.
   */
  delivered(at: number, bytes: Uint8Array, start: number, end: number): void
  failed(at: number, error: string): void
  /** The connection ended without `close`. */
  lost(at: number, reason: string): void
}

export interface LoadClient {
  readonly user: string
  /** Takes part in a group; resolves when messages to it will arrive. */
  join(group: string): Promise<void>
  /** To another user; at least 8 bytes of content, which hold the number. */
  sendDirect(to: string, number: number, content: Uint8Array): void
  sendGroup(group: string, number: number, content: Uint8Array): void
  /** Answered by the server without any other client: the content itself, or (a system without echo) an ack. */
  echo(number: number, content: Uint8Array): void
  /** What a client of this system sends while nothing happens; called about every `heartbeatSeconds`. */
  heartbeat(): void
  /** Confirms what was delivered, where clients do that in batches; called twice a second. */
  confirm(): void
  close(): void
}

export interface LoadProtocol {
  readonly heartbeatSeconds: number
  /** Resolves when the connection is authenticated and may send. */
  connect(target: Target, user: string, at: number, listener: LoadListener): Promise<LoadClient>
}
