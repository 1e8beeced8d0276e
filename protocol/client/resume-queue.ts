/**
 * ResumeQueue: which conversations wait to be resumed, and which are being asked for now. Pure. One resume is on its way
 * at a time, with a bounded number of positions; whoever asks while it is gets a turn after it.
 */
import type { ConversationId } from '../ids.js'
import type { Position } from '../frames.js'
import type { Place } from './timeline.js'

export class ResumeQueue {
  readonly #batch: number
  readonly #waiting = new Set<ConversationId>()
  readonly #asked = new Map<ConversationId, Position>()
  readonly #postponed = new Set<ConversationId>()

  /** `batch`: positions in one resume. */
  constructor(batch: number) {
    this.#batch = batch
  }

  /** Whether an answer that will fill a gap is to come. */
  has(conversation: ConversationId): boolean {
    return this.#waiting.has(conversation) || this.#asked.has(conversation) || this.#postponed.has(conversation)
  }

  /** Asks for the conversation once more, also when an answer is on its way: that one may be from before the reason. */
  add(conversation: ConversationId): void {
    if (!this.#postponed.has(conversation)) this.#waiting.add(conversation)
  }

  /** Asks again, but not before `wake`. */
  postpone(conversation: ConversationId): void {
    this.#waiting.delete(conversation)
    this.#postponed.add(conversation)
  }

  /** The wait of all that were postponed is over. */
  wake(): void {
    for (const conversation of this.#postponed) this.#waiting.add(conversation)
    this.#postponed.clear()
  }

  /** The positions to send now; none while an answer is awaited. */
  next(placeOf: (conversation: ConversationId) => Place): Position[] {
    if (this.#asked.size > 0) return []
    for (const conversation of this.#waiting) {
      if (this.#asked.size === this.#batch) break
      this.#waiting.delete(conversation)
      this.#asked.set(conversation, { conversation, ...placeOf(conversation) })
    }
    return [...this.#asked.values()]
  }

  /** The answer came: what had been asked. */
  answered(): ReadonlyMap<ConversationId, Position> {
    const asked = new Map(this.#asked)
    this.#asked.clear()
    return asked
  }

  /** The connection is gone, and the questions with it. */
  clear(): void {
    this.#waiting.clear()
    this.#asked.clear()
    this.#postponed.clear()
  }
}
