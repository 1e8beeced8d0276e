/**
 * Gathers the answers to one `resume` frame, each from the owner of its conversation, into one reply of bounded size: what does not fit
 * is cut, and the page says that there is more.
 */
import type { Item, Page, Resumed } from '../protocol/frames.js'
import type { ReplyErrorName } from '../protocol/errors.js'
import type { ConversationId } from '../protocol/ids.js'
import { LIMITS } from '../protocol/limits.js'
import type { OwnerReply, ReplyTo } from './command.js'

export class ResumeCollector {
  readonly #pages: Page[] = []
  readonly #errors: { conversation: ConversationId; error: ReplyErrorName }[] = []
  readonly #done: (reply: Resumed) => void
  readonly #expected: number
  #bytes = 0

  constructor(expected: number, done: (reply: Resumed) => void) {
    this.#expected = expected
    this.#done = done
    this.#finishIfComplete()
  }

  /** Where the answer for one conversation goes. */
  of(conversation: ConversationId): ReplyTo {
    return { reply: (reply) => this.#take(conversation, reply) }
  }

  #take(conversation: ConversationId, reply: OwnerReply): void {
    if (reply.frame === 'onePage') this.#pages.push(this.#cut(reply.page))
    else this.#errors.push({ conversation, error: reply.frame === 'error' ? reply.error : 'internal' })
    this.#finishIfComplete()
  }

  /** What fits: of a page that continues the oldest entries, of one that begins anew the newest, because it has no next. */
  #cut(page: Page): Page {
    const { items, recovered } = page
    const kept = this.#fitting(recovered ? items : items.toReversed())
    if (kept === items.length) return page
    return recovered
      ? { ...page, items: items.slice(0, kept), more: true }
      : { ...page, items: items.slice(items.length - kept) }
  }

  #fitting(items: readonly Item[]): number {
    let kept = 0
    for (const { entry } of items) {
      if (this.#bytes + entry.length > LIMITS.pageBytes && this.#bytes > 0) break
      this.#bytes += entry.length
      kept++
    }
    return kept
  }

  #finishIfComplete(): void {
    if (this.#pages.length + this.#errors.length < this.#expected) return
    this.#done({ frame: 'resumed', ref: 0, pages: this.#pages, errors: this.#errors })
  }
}
