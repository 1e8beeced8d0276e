/**
 * Trace: what happened in one simulated run, line by line, so that a failing seed can be read and two runs of it compared.
 * Everything in the simulation writes to it; main.ts prints its end.
 */
import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'

/** Characters of what is logged. */
const LOGGED = 140

interface Line {
  readonly time: number
  readonly who: string
  readonly what: readonly (string | number | object)[]
}

export class Trace {
  readonly #lines: Line[] = []
  readonly #clock: Clock
  readonly #start: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#start = clock.now()
  }

  /** The parts of a line, put together when somebody reads it. */
  add(who: string, ...what: readonly (string | number | object)[]): void {
    this.#lines.push({ time: this.#clock.now(), who, what })
  }

  /** A node's logger: what is worth a warning is worth a line. */
  logger(node: string): Logger {
    const note = (fields: object, text: string): void => this.add(node, text, fields)
    return { debug() {}, info() {}, warn: note, error: note }
  }

  lines(): string[] {
    return this.#lines.map((line) => this.#format(line))
  }

  #format({ time, who, what }: Line): string {
    const seconds = (time - this.#start) / 1000
    const text = what.map((part) => (typeof part === 'object' ? logged(part) : String(part))).join(' ')
    return `${seconds.toFixed(3).padStart(9)}  ${who.padEnd(8)}  ${text}`
  }
}

/** Of a stack the first line: the others name the files of this checkout. */
function logged(fields: object): string {
  const text = JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'string' ? value.split('\n', 1)[0] : value,
  )
  return text.slice(0, LOGGED)
}
