/**
 * Gate: lets a bounded number of tasks run at once, the others wait in order. Connecting thousands of sockets in one turn
 * would overflow the accept queue of the server (512 in uSockets), which shows as steps of seconds.
 */
export class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(width: number) {
    this.#free = width
  }

  async pass<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
