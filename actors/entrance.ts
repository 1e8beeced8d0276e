/**
 * Entrance: where sessions wait that come in or catch up. A few steps of theirs are taken in each turn of the event loop, so that those who are in
 * hear of one another while everybody else comes back at once. Alone, nobody waits.
 */
import type { Clock } from './clock.js'
import { Fifo } from './fifo.js'

/** Of all sessions, in a turn. A step, a token checked or positions looked up, makes up to a quarter of a millisecond of work. */
export const STEPS = 16

export class Entrance {
  readonly #clock: Clock
  readonly #waiting = new Fifo<() => void>()
  /** Steps that may still be taken in this turn. */
  #left = STEPS
  #isAsked = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `step`, now or in a later turn, in the order of asking. */
  pass(step: () => void): void {
    this.#nextTurn()
    if (this.#left === 0 || this.#waiting.size > 0) {
      this.#waiting.push(step)
      return
    }
    this.#left--
    step()
  }

  #nextTurn(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#clock.turn(() => {
      this.#isAsked = false
      this.#left = STEPS
      for (; this.#left > 0; this.#left--) {
        const step = this.#waiting.shift()
        if (step === undefined) return
        this.#nextTurn()
        step()
      }
    })
  }
}
