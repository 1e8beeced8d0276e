/**
 * Marks: how far devices received and users read, on the way to history: the owner gathers them for seconds. They are never entries: a
 * lost mark is repeated by the device when it resumes.
 */
import type { ConversationId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { Mark } from './outlet.js'
import { DelayLine } from './delay-line.js'
import type { ConversationMark } from './envelope.js'
import type { History } from './history.js'
import type { Logger } from './logger.js'

/** A mark is written after so long, with those that rose a little later. */
const GATHER = { delay: 3_000, step: 100 }
const WRITE_MARKS = 5_000

interface LatestMark {
  readonly conversation: ConversationId
  mark: Mark
}

/** Writes marks to history, behind. */
export class MarkWriter {
  readonly #history: Pick<History, 'mark'>
  readonly #log: Logger
  /** By the participant's row in the state of its conversation: cheaper to find than a conversation and a user. */
  readonly #marks = new Map<object, LatestMark>()
  readonly #line: DelayLine<object>
  /** Those that are to be written next; they wait here while history is slow. */
  #due = new Map<object, LatestMark>()
  #writing: Promise<void> | null = null

  constructor(history: Pick<History, 'mark'>, clock: Clock, log: Logger) {
    this.#history = history
    this.#log = log
    this.#line = new DelayLine(clock, GATHER, (rows) => void this.#take(rows))
  }

  /** A participant's marks rose; `row` stands for the participant. */
  add(row: object, conversation: ConversationId, mark: Mark): void {
    const known = this.#marks.get(row)
    if (known !== undefined) {
      known.mark = mark
      return
    }
    this.#marks.set(row, { conversation, mark })
    this.#line.add(row)
  }

  /** Writes everything gathered so far. */
  write(): Promise<void> {
    return this.#take([...this.#marks.keys()])
  }

  #take(rows: readonly object[]): Promise<void> {
    for (const row of rows) {
      const latest = this.#marks.get(row)
      if (latest !== undefined) this.#due.set(row, latest)
      this.#marks.delete(row)
    }
    return (this.#writing ??= this.#writeDue().finally(() => (this.#writing = null)))
  }

  async #writeDue(): Promise<void> {
    while (this.#due.size > 0) {
      const due = this.#due
      this.#due = new Map()
      await this.#write(highest(due.values()))
    }
  }

  /** What history refuses or misses comes again with the next resume of the device. */
  async #write(marks: readonly ConversationMark[]): Promise<void> {
    try {
      for (let i = 0; i < marks.length; i += WRITE_MARKS) await this.#history.mark(marks.slice(i, i + WRITE_MARKS))
    } catch (error) {
      this.#log.warn({ marks: marks.length, error: String(error) }, 'marks were not written')
    }
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
