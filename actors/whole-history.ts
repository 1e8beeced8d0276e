/**
 * History as the conversations of a shard read it. What is missing from an answer is not believed before history is known to stand where its
 * owner left it: a backup put back would otherwise be a hole that nobody sees, or an id that is stored twice.
 */
import type { Entry } from '../protocol/entry.js'
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import type { History, KnownId, PageQuery } from './history.js'

export type ReadableHistory = Pick<History, 'page' | 'findId'>

export class WholeHistory implements ReadableHistory {
  readonly #history: History
  readonly #isWhole: () => Promise<boolean>
  /** Pages being read, by query: everybody who was away asks for the same at once. */
  readonly #reading = new Map<string, Promise<Entry[]>>()

  /** `isWhole` compares where history stands with what was archived, at the time of asking. */
  constructor(history: History, isWhole: () => Promise<boolean>) {
    this.#history = history
    this.#isWhole = isWhole
  }

  page(query: PageQuery): Promise<Entry[]> {
    const key = JSON.stringify(query)
    const same = this.#reading.get(key)
    if (same !== undefined) return same
    const reading = this.#read(query).finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }

  async #read(query: PageQuery): Promise<Entry[]> {
    const entries = await this.#history.page(query)
    if (query.types.length === 0 && !isDense(entries, query)) await this.#verify()
    return entries
  }

  async findId(conversation: ConversationId, sender: UserId, id: MessageId): Promise<KnownId | null> {
    const known = await this.#history.findId(conversation, sender, id)
    if (known === null) await this.#verify()
    return known
  }

  async #verify(): Promise<void> {
    if (!(await this.#isWhole())) throw new Error('history went back')
  }
}

/** Whether every seq that was asked for is there; one that was lost for good is missing from a history that is whole. */
function isDense(entries: readonly Entry[], { from, to, limit, newest }: PageQuery): boolean {
  const count = Math.min(limit, to - from + 1)
  const first = newest ? to - count + 1 : from
  return entries.length === count && entries.every(({ seq }, i) => seq === first + i)
}
