/**
 * Archive turns: how many shards of a node write to history at the same time. All of them have something to write every few seconds;
 * at once they would take the machine away from those who are waiting for a message.
 */
export class ArchiveTurns {
  readonly #limit: number
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `task` when it is its turn, in the order of the calls. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#taken === this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#taken++
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#taken--
      else next()
    }
  }
}
