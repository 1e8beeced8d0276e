/**
 * The pushes a device has not acknowledged: what is repeated when it stays silent. Exists only while there are any, so an idle session
 * costs nothing. A push is shared with every other device that got it, and is encoded again if it must be repeated: a frame kept for that keeps
 * the slab it was cut from, and so everything that was encoded around it.
 */
import type { ConversationId } from '../protocol/ids.js'

export interface UnackedPush {
  readonly conversation: ConversationId
  readonly epoch: number
  readonly prev: number
  readonly seq: number
  /** The encoded entry. */
  readonly entry: Uint8Array
  /** When it was pushed, milliseconds since 1970. */
  readonly at: number
}

export class UnackedPushes {
  #pushes: UnackedPush[] = []
  /** Index of the oldest one: those before it are acknowledged. */
  #first = 0
  /** Of their entries. */
  bytes = 0
  attempts = 0
  /** When they are repeated next, milliseconds since 1970. */
  due = 0

  get size(): number {
    return this.#pushes.length - this.#first
  }

  get oldest(): UnackedPush | undefined {
    return this.#pushes[this.#first]
  }

  add(push: UnackedPush): void {
    // an array that grows takes room for many
    if (this.#pushes.length === 0) this.#pushes = [push]
    else this.#pushes.push(push)
    this.bytes += push.entry.length
  }

  /** The device has everything of the conversation up to `seq`; answers how many pushes that settles. */
  acknowledge(conversation: ConversationId, seq: number): number {
    const front = this.#pushes[this.#first]
    if (front === undefined) return 0
    const before = this.size
    // nearly always the oldest are acknowledged first
    if (front.conversation === conversation) this.#shiftFront(conversation, seq)
    if (this.size > 0 && this.#holds(conversation, seq)) this.#filter(conversation, seq)
    const settled = before - this.size
    this.#compact()
    return settled
  }

  #shiftFront(conversation: ConversationId, seq: number): void {
    let push = this.#pushes[this.#first]
    while (push !== undefined && push.conversation === conversation && push.seq <= seq) {
      this.bytes -= push.entry.length
      push = this.#pushes[++this.#first]
    }
  }

  #holds(conversation: ConversationId, seq: number): boolean {
    for (let i = this.#first; i < this.#pushes.length; i++) {
      const push = this.#pushes[i] as UnackedPush
      if (push.conversation === conversation && push.seq <= seq) return true
    }
    return false
  }

  #filter(conversation: ConversationId, seq: number): void {
    const left: UnackedPush[] = []
    for (const push of this.list()) {
      if (push.conversation === conversation && push.seq <= seq) this.bytes -= push.entry.length
      else left.push(push)
    }
    this.#pushes = left
    this.#first = 0
  }

  /** What is settled must not be kept: its entry shares a slab with many others. */
  #compact(): void {
    if (this.#first === this.#pushes.length) {
      this.#pushes = []
      this.#first = 0
      return
    }
    if (this.#first < 64 || this.#first * 2 < this.#pushes.length) return
    this.#pushes.splice(0, this.#first)
    this.#first = 0
  }

  list(): readonly UnackedPush[] {
    return this.#pushes.slice(this.#first)
  }
}
