/**
 * Write pace: when a node writes to its sockets. A write costs nearly the same whether it carries one push or ten, so while every socket gets several,
 * as the members of a busy group do, the next round of writes waits as long as the one before took. Otherwise whatever a turn gathered
 * leaves at its end.
 */
import type { Clock } from './clock.js'

/** Frames of a write, in the mean of a round, from which waiting pays: an ack with a push is two. */
const GATHERING = 3
/** Milliseconds between two rounds at most. */
const LONGEST_MS = 10

export class WritePace {
  readonly #clock: Clock
  readonly #wake: () => void
  #next = -Infinity
  #timer = false

  /** `wake` is called when it is time again. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /** Whether a round of writes may begin; when not, `wake` is called in time. */
  isTime(): boolean {
    const left = this.#next - this.#clock.now()
    // more than that when the clock was set back
    if (left <= 0 || left > LONGEST_MS) return true
    this.#later(left)
    return false
  }

  /** A round is over that began at `start` and wrote so many frames to so many sockets. */
  wrote(start: number, sockets: number, frames: number): void {
    if (frames < GATHERING * sockets) return
    const end = this.#clock.now()
    this.#next = end + Math.min(end - start, LONGEST_MS)
  }

  #later(left: number): void {
    if (this.#timer) return
    this.#timer = true
    this.#clock.after(left, () => {
      this.#timer = false
      this.#wake()
    })
  }
}
