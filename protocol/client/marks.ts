/**
 * Marks: cumulative positions to tell the server, of what arrived or of what was read. Pure. Many marks of a conversation
 * become the highest one; after a reconnect all are told again, because a mark is never answered.
 */
import type { ConversationId } from '../ids.js'
import type { Position } from '../frames.js'

export class Marks {
  readonly #batch: number
  readonly #highest = new Map<ConversationId, Position>()
  readonly #untold = new Set<ConversationId>()

  /** `batch`: positions in one frame. */
  constructor(batch: number) {
    this.#batch = batch
  }

  get isUntold(): boolean {
    return this.#untold.size > 0
  }

  /** Keeps the mark unless it is not above the one there is. */
  set(mark: Position): void {
    const known = this.#highest.get(mark.conversation)
    if (known && (mark.epoch < known.epoch || (mark.epoch === known.epoch && mark.seq <= known.seq))) return
    this.#highest.set(mark.conversation, mark)
    this.#untold.add(mark.conversation)
  }

  /** All of them are to be told again. */
  repeat(): void {
    for (const conversation of this.#highest.keys()) this.#untold.add(conversation)
  }

  /** What is to be told now, cut into frames. */
  take(): Position[][] {
    const batches: Position[][] = []
    let batch: Position[] = []
    for (const conversation of this.#untold) {
      const mark = this.#highest.get(conversation)
      if (mark === undefined) continue
      if (batch.length === 0) batches.push(batch)
      batch.push(mark)
      if (batch.length === this.#batch) batch = []
    }
    this.#untold.clear()
    return batches
  }

  forget(conversation: ConversationId): void {
    this.#highest.delete(conversation)
    this.#untold.delete(conversation)
  }
}
