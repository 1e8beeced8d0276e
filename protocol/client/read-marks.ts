/**
 * ReadMarks: tells the server what the user read. The marks of a turn are one frame; after a reconnect all are told again,
 * because nobody answers them.
 */
import type { Position, Read } from '../frames.js'
import { LIMITS } from '../limits.js'
import { Marks } from './marks.js'

export class ReadMarks {
  readonly #transmit: (read: Read) => void
  readonly #marks = new Marks(LIMITS.positions)
  #isOnline = false
  #isPlanned = false

  constructor(transmit: (read: Read) => void) {
    this.#transmit = transmit
  }

  set(mark: Position): void {
    this.#marks.set(mark)
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#tell()
    })
  }

  online(): void {
    this.#isOnline = true
    this.#marks.repeat()
    this.#tell()
  }

  offline(): void {
    this.#isOnline = false
  }

  #tell(): void {
    this.#isPlanned = false
    if (!this.#isOnline) return
    for (const positions of this.#marks.take()) this.#transmit({ frame: 'read', positions })
  }
}
