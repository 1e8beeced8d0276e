/**
 * Marks: how far devices received and users read, on the way to history: the owner gathers them for seconds. They are never entries: a
 * lost mark is repeated by the device when it resumes.
 */
import type { ConversationId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { Mark } from './outlet.js'
import type { ConversationMark } from './envelope.js'
import type { History } from './history.js'
import type { Logger } from './logger.js'

const WRITE_MS = 3_000
const WRITE_MARKS = 5_000

interface LatestMark {
  readonly conversation: ConversationId
  mark: Mark
}

/** Writes marks to history, behind. */
export class MarkWriter {
  readonly #history: Pick<History, 'mark'>
  readonly #clock: Clock
  readonly #log: Logger
  /** By the participant's row in the state of its conversation: cheaper to find than a conversation and a user. */
  #marks = new Map<object, LatestMark>()
  #scheduled = false

  constructor(history: Pick<History, 'mark'>, clock: Clock, log: Logger) {
    this.#history = history
    this.#clock = clock
    this.#log = log
  }

  /** A participant's marks rose; `row` stands for the participant. */
  add(row: object, conversation: ConversationId, mark: Mark): void {
    const known = this.#marks.get(row)
    if (known === undefined) this.#marks.set(row, { conversation, mark })
    else known.mark = mark
    if (!this.#scheduled) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    this.#clock.after(WRITE_MS, () => void this.write())
  }

  /** What history refuses or misses comes again with the next resume of the device. */
  async write(): Promise<void> {
    const marks = highest(this.#marks.values())
    this.#marks = new Map()
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

/** One for each conversation and user: a conversation that was dropped and read again has other rows. */
function highest(latest: Iterable<LatestMark>): ConversationMark[] {
  const marks = new Map<string, ConversationMark>()
  for (const { conversation, mark } of latest) {
    const { user, delivered, read } = mark
    const key = `${user} ${conversation}`
    const known = marks.get(key) ?? mark
    const [highestDelivered, highestRead] = [Math.max(known.delivered, delivered), Math.max(known.read, read)]
    marks.set(key, { conversation, user, delivered: highestDelivered, read: highestRead })
  }
  return [...marks.values()]
}
