/**
 * Backoff: how long to wait before the next attempt. Full jitter: anything from 0 up to a ceiling that doubles with each
 * attempt, so that clients that were cut off together do not come back together.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */

/** Milliseconds: the first ceiling and the last. */
export interface BackoffRange {
  readonly min: number
  readonly max: number
}

export class Backoff {
  readonly #range: BackoffRange
  readonly #random: () => number
  #attempt = 0

  constructor(range: BackoffRange, random: () => number) {
    this.#range = range
    this.#random = random
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const ceiling = Math.min(this.#range.max, this.#range.min * 2 ** this.#attempt++)
    return this.#random() * ceiling
  }

  /** It worked: the next failure starts from the beginning. */
  reset(): void {
    this.#attempt = 0
  }
}
