/**
 * Where the answer to one command of a session goes.
 */
import type { OwnerReply, ReplyTo } from './command.js'

/** Whoever asked. */
export interface Asker {
  answer(ref: number, reply: OwnerReply): void
}

export class Answer implements ReplyTo {
  readonly #asker: Asker
  readonly #ref: number

  constructor(asker: Asker, ref: number) {
    this.#asker = asker
    this.#ref = ref
  }

  reply(reply: OwnerReply): void {
    this.#asker.answer(this.#ref, reply)
  }
}
