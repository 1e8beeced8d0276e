/** A stack of things that were started: undone in reverse order, each once, whatever the others do. */
import type { Logger } from '../actors/logger.js'

export class Stack {
  readonly #log: Logger
  readonly #undo: { readonly what: string; readonly task: () => Promise<void> | void }[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  push(what: string, task: () => Promise<void> | void): void {
    this.#undo.push({ what, task })
  }

  async unwind(): Promise<void> {
    for (let next = this.#undo.pop(); next !== undefined; next = this.#undo.pop()) {
      try {
        await next.task()
      } catch (error) {
        this.#log.warn({ what: next.what, error: String(error) }, 'could not be stopped in order')
      }
    }
  }
}
