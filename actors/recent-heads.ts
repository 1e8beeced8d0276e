/**
 * The heads a shard committed in the last minute. After a take-over, a bus gap or a directory repair they are announced, so that a
 * device that missed a push learns of it (rule 9 of the design).
 */
import type { ConversationId } from '../protocol/ids.js'
import type { Clock } from './clock.js'

export interface AnnouncedHead {
  readonly conversation: ConversationId
  readonly epoch: number
  readonly seq: number
  /** Seq of the newest entry that changed the participants; the head's own while that is not known: whoever is told asks the owner. */
  readonly membershipSeq: number
}

export const HEADS_KEPT_MS = 60_000

/** Two generations of half a minute to a minute each: no timer, and no time per head. */
export class RecentHeads {
  readonly #clock: Clock
  #young = new Map<ConversationId, AnnouncedHead>()
  #old = new Map<ConversationId, AnnouncedHead>()
  #turned: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#turned = clock.now()
  }

  note(head: AnnouncedHead): void {
    const now = this.#clock.now()
    if (now - this.#turned > HEADS_KEPT_MS) {
      this.#old = this.#young
      this.#young = new Map()
      this.#turned = now
    }
    this.#young.set(head.conversation, head)
  }

  /** The newest head of each conversation committed within the minute. */
  all(): AnnouncedHead[] {
    return [...new Map([...this.#old, ...this.#young]).values()]
  }
}
