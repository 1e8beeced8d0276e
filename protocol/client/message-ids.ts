/**
 * MessageIds: makes client message ids, UUIDs of version 7 (RFC 9562) that rise within a client. The server refuses an id
 * from the future, so the time is the server's as far as it is known.
 */
import { v7 } from 'uuid'
import type { MessageId } from '../ids.js'
import type { ClientClock } from './clock.js'

export class MessageIds {
  readonly #clock: ClientClock
  #offset = 0
  #time = 0
  #sequence = 0

  constructor(clock: ClientClock) {
    this.#clock = clock
  }

  /** The server's clock shows `time` now. */
  adjust(time: number): void {
    this.#offset = time - this.#clock.now()
  }

  next(): MessageId {
    this.#time = Math.max(this.#time, this.#clock.now() + this.#offset)
    const bytes = v7({ msecs: this.#time, seq: this.#sequence++ }, new Uint8Array(16))
    return String.fromCharCode(...bytes)
  }
}
