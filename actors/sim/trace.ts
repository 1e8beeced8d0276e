/**
 * Trace: what happened in one simulated run, line by line, so that a failing seed can be read and two runs of it compared.
 * Everything in the simulation writes to it; main.ts prints its end.
 */
import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'

/** Characters of a log line: stacks are for debuggers. */
const LOGGED = 140

export class Trace {
  readonly lines: string[] = []
  readonly #clock: Clock
  readonly #start: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#start = clock.now()
  }

  add(who: string, what: string): void {
    const seconds = (this.#clock.now() - this.#start) / 1000
    this.lines.push(`${seconds.toFixed(3).padStart(9)}  ${who.padEnd(8)}  ${what}`)
  }

  /** A node's logger: what is worth a warning is worth a line. */
  logger(node: string): Logger {
    const note = (fields: object, text: string): void =>
      this.add(node, `${text} ${JSON.stringify(fields)}`.slice(0, LOGGED))
    return { debug() {}, info() {}, warn: note, error: note }
  }
}
