/**
 * The pushes a device has not acknowledged: what is repeated when it stays silent. Exists only while there are any, so an idle session
 * costs nothing. The frames are shared with every other socket that got them.
 */
import type { ConversationId } from '../protocol/ids.js'

export interface UnackedPush {
  readonly conversation: ConversationId
  readonly epoch: number
  readonly seq: number
  readonly frame: Uint8Array
  readonly at: number
}

export class UnackedPushes {
  #pushes: UnackedPush[] = []
  /** Index of the oldest one: those before it are acknowledged. */
  #first = 0
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
    this.#pushes.push(push)
    this.bytes += push.frame.length
  }

  /** The device has everything of the conversation up to `seq`. Calls for each push that is settled by it. */
  acknowledge(conversation: ConversationId, seq: number, settled: (push: UnackedPush) => void): void {
    const front = this.#pushes[this.#first]
    if (front === undefined) return
    // nearly always the oldest are acknowledged first
    if (front.conversation === conversation) this.#shiftFront(conversation, seq, settled)
    if (this.size > 0 && this.#holds(conversation, seq)) this.#filter(conversation, seq, settled)
    this.#compact()
  }

  #shiftFront(conversation: ConversationId, seq: number, settled: (push: UnackedPush) => void): void {
    let push = this.#pushes[this.#first]
    while (push !== undefined && push.conversation === conversation && push.seq <= seq) {
      this.#settle(push, settled)
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

  #filter(conversation: ConversationId, seq: number, settled: (push: UnackedPush) => void): void {
    const left: UnackedPush[] = []
    for (const push of this.list()) {
      if (push.conversation === conversation && push.seq <= seq) this.#settle(push, settled)
      else left.push(push)
    }
    this.#pushes = left
    this.#first = 0
  }

  #settle(push: UnackedPush, settled: (push: UnackedPush) => void): void {
    this.bytes -= push.frame.length
    settled(push)
  }

  #compact(): void {
    if (this.#first < 64 || this.#first * 2 < this.#pushes.length) return
    this.#pushes.splice(0, this.#first)
    this.#first = 0
  }

  list(): readonly UnackedPush[] {
    return this.#pushes.slice(this.#first)
  }
}
