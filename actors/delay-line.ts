/**
 * Delay line: hands things out again a fixed time after they came, those of a few milliseconds together. Work that thousands of connections have to
 * have done once a second is spread over the second by it as their wishes for it were; with one timer for all of them.
 */
import type { Clock } from './clock.js'

export interface DelayLineTimes {
  /** Milliseconds that a thing stays. */
  readonly delay: number
  /** Things that come within so many milliseconds leave together. */
  readonly step: number
}

interface Step<T> {
  readonly since: number
  readonly items: T[]
}

export class DelayLine<T> {
  readonly #clock: Clock
  readonly #times: DelayLineTimes
  readonly #leave: (items: readonly T[]) => void
  /** The oldest first. */
  readonly #steps: Step<T>[] = []

  constructor(clock: Clock, times: DelayLineTimes, leave: (items: readonly T[]) => void) {
    this.#clock = clock
    this.#times = times
    this.#leave = leave
  }

  add(item: T): void {
    const now = this.#clock.now()
    const newest = this.#steps.at(-1)
    if (newest !== undefined && now - newest.since < this.#times.step) {
      newest.items.push(item)
      return
    }
    this.#steps.push({ since: now, items: [item] })
    if (newest === undefined) this.#wait(this.#times.delay)
  }

  #wait(ms: number): void {
    this.#clock.after(ms, () => {
      const items = this.#steps.shift()?.items ?? []
      const next = this.#steps[0]
      if (next !== undefined) this.#wait(this.#left(next))
      this.#leave(items)
    })
  }

  /** Not more than the whole delay, also when the clock was set back. */
  #left({ since }: Step<T>): number {
    const { delay } = this.#times
    return Math.min(delay, Math.max(0, since + delay - this.#clock.now()))
  }
}
