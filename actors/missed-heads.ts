/**
 * What a slow reader was not pushed: the newest seq of each conversation, bounded. When its socket has drained it is told these heads, or, if
 * there were too many, to resume everything; it fetches the entries page by page at its own pace.
 */
import type { PushFrame } from '../protocol/frames.js'
import type { ConversationId } from '../protocol/ids.js'

const KEPT = 500

export class MissedHeads {
  readonly #heads = new Map<ConversationId, { epoch: number; seq: number }>()
  #all = false

  note(conversation: ConversationId, epoch: number, seq: number): void {
    if (this.#all) return
    this.#heads.set(conversation, { epoch, seq })
    if (this.#heads.size > KEPT) this.noteAll()
  }

  noteAll(): void {
    this.#heads.clear()
    this.#all = true
  }

  /** What the device must hear. */
  frames(): PushFrame[] {
    if (this.#all) return [{ frame: 'resync' }]
    return [...this.#heads].map(([conversation, { epoch, seq }]) => ({ frame: 'head', conversation, epoch, seq }))
  }
}
