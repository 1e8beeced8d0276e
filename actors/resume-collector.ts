/**
 * Gathers the answers to one `resume` frame, each from the owner of its conversation, into one reply of bounded size: what does not fit
 * is cut, and the page says that there is more.
 */
import type { Page, Resumed } from '../protocol/frames.js'
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

  #cut(page: Page): Page {
    let kept = 0
    for (const { entry } of page.items) {
      if (this.#bytes + entry.length > LIMITS.pageBytes && this.#bytes > 0) break
      this.#bytes += entry.length
      kept++
    }
    // a page that is not recovered is the newest one and has no next: it must come whole
    if (kept === page.items.length || !page.recovered) return page
    return { ...page, items: page.items.slice(0, kept), more: true }
  }

  #finishIfComplete(): void {
    if (this.#pages.length + this.#errors.length < this.#expected) return
    this.#done({ frame: 'resumed', ref: 0, pages: this.#pages, errors: this.#errors })
  }
}
