/**
 * History in memory: one node's line to a HistoryStore that the nodes of a simulation share; alone it is the test double. With
 * weather, every operation takes its time both ways, and the outcome of a write may be unknown: never written, written
 * although nobody was told, or written only after the asker gave up.
 */
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import type { Entry } from '../protocol/entry.js'
import type { Clock, Random } from './clock.js'
import type { HistoryStore } from './history-store.js'
import type {
  Activation,
  ArchiveBatch,
  ArchiveOutcome,
  History,
  KnownId,
  Mark,
  PageQuery,
  ShardPosition,
} from './history.js'
import type { ShardId } from './journal.js'

export interface HistoryWeather {
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds an operation takes at most, half of it each way. */
  readonly delayMs: number
  /** Share of writes whose outcome stays unknown while the store is there, from 0 to 1. */
  readonly unknown: number
}

export class HistoryAwayError extends Error {
  constructor() {
    super('history is away')
  }
}

export class MemoryHistory implements History {
  readonly #store: HistoryStore
  readonly #weather: HistoryWeather | null

  constructor(store: HistoryStore, weather: HistoryWeather | null = null) {
    this.#store = store
    this.#weather = weather
  }

  shards(wanted: number): Promise<number> {
    return this.#ask(() => this.#store.shards(wanted))
  }

  positions(shards: readonly ShardId[]): Promise<ShardPosition[]> {
    return this.#ask(() => shards.map((shard) => this.#store.position(shard)))
  }

  activate(
    shard: ShardId,
    conversations: readonly ConversationId[],
    idsSince: number,
  ): Promise<{ position: ShardPosition; found: Activation[] }> {
    return this.#ask(() => ({
      position: this.#store.position(shard),
      found: this.#store.activate(conversations, idsSince),
    }))
  }

  async archive(batch: ArchiveBatch): Promise<ArchiveOutcome> {
    await this.#delay()
    const weather = this.#weather
    if (weather === null && !this.#store.away) return this.#store.archive(batch)
    if (this.#store.away || (weather !== null && weather.random() < weather.unknown)) return this.#lose(batch)
    const outcome = this.#store.archive(batch)
    await this.#delay()
    return outcome
  }

  page(query: PageQuery): Promise<Entry[]> {
    return this.#ask(() => this.#store.page(query))
  }

  findId(conversation: ConversationId, sender: UserId, id: MessageId): Promise<KnownId | null> {
    return this.#ask(() => this.#store.findId(conversation, sender, id))
  }

  mark(marks: readonly Mark[]): Promise<void> {
    return this.#ask(() => {
      for (const mark of marks) this.#store.mark(mark)
    })
  }

  async close(): Promise<void> {}

  /** A store that goes away between question and answer has done its work, and nobody knows. */
  async #ask<T>(work: () => T): Promise<T> {
    await this.#delay()
    if (this.#store.away) throw new HistoryAwayError()
    const answer = work()
    await this.#delay()
    if (this.#store.away) throw new HistoryAwayError()
    return answer
  }

  async #lose(batch: ArchiveBatch): Promise<ArchiveOutcome> {
    const fate = this.#weather?.random() ?? 0
    if (fate > 2 / 3) this.#store.archive(batch)
    else if (fate > 1 / 3) void this.#delay(4).then(() => this.#store.archive(batch))
    await this.#delay()
    return { outcome: 'unknown', reason: 'no answer from history' }
  }

  #delay(times = 1): Promise<void> {
    if (this.#weather === null) return Promise.resolve()
    const { clock, random, delayMs } = this.#weather
    return new Promise((resolve) => void clock.after((times * random() * delayMs) / 2, resolve))
  }
}
