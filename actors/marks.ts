/**
 * Marks: how far devices received and users read. On the way to the owners they are gathered per node and turn; on the way to history
 * the owner gathers them for seconds. They are never entries: a lost mark is repeated by the device when it resumes.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { ConversationMark } from './envelope.js'
import type { History } from './history.js'
import type { Logger } from './logger.js'

/** The highest mark per conversation and user. */
export class MarkSet {
  #marks = new Map<string, ConversationMark>()

  add(conversation: ConversationId, user: UserId, delivered: number, read: number): void {
    const key = `${user} ${conversation}`
    const known = this.#marks.get(key)
    if (known === undefined) this.#marks.set(key, { conversation, user, delivered, read })
    else if (delivered > known.delivered || read > known.read)
      this.#marks.set(key, {
        conversation,
        user,
        delivered: Math.max(known.delivered, delivered),
        read: Math.max(known.read, read),
      })
  }

  get size(): number {
    return this.#marks.size
  }

  /** All of them; none are left. */
  take(): ConversationMark[] {
    const marks = [...this.#marks.values()]
    this.#marks = new Map()
    return marks
  }
}

const WRITE_MS = 3_000
const WRITE_MARKS = 5_000

/** Writes marks to history, behind. */
export class MarkWriter {
  readonly #history: Pick<History, 'mark'>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #marks = new MarkSet()
  #scheduled = false

  constructor(history: Pick<History, 'mark'>, clock: Clock, log: Logger) {
    this.#history = history
    this.#clock = clock
    this.#log = log
  }

  add(mark: ConversationMark): void {
    this.#marks.add(mark.conversation, mark.user, mark.delivered, mark.read)
    if (!this.#scheduled) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    this.#clock.after(WRITE_MS, () => void this.write())
  }

  /** What history refuses or misses comes again with the next resume of the device. */
  async write(): Promise<void> {
    const marks = this.#marks.take()
    try {
      for (let i = 0; i < marks.length; i += WRITE_MARKS) await this.#history.mark(marks.slice(i, i + WRITE_MARKS))
    } catch (error) {
      this.#log.warn({ marks: marks.length, error: String(error) }, 'marks were not written')
    }
    this.#scheduled = false
    // those that came while history was slow
    if (this.#marks.size > 0) this.#schedule()
  }
}
