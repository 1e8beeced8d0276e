/**
 * History in memory: a store shared by the nodes of one process, for tests, simulations and one-node mode without a disk. With no
 * faults every operation is done at once and answered in a microtask. Faults are drawn under the given random numbers: slow
 * and lost answers, batches that never arrive or arrive late, outages, and a store that went back to an older copy.
 */
import type { NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import { MemoryCourier } from './courier-memory.js'
import type { ArchiveBatch, ArchiveOutcome, History } from './history.js'
import { HistoryTables, type HistorySnapshot } from './history-tables.js'
import { MemoryLines } from './lines-memory.js'

export interface HistoryFaults {
  /** Milliseconds of one way, to the store or back; drawn for each. */
  readonly delay?: () => number
  /** Probabilities of a batch whose outcome is unknown to the owner: written but the answer lost, never arrived, arriving late. */
  readonly answerLost?: number
  readonly neverArrives?: number
  readonly arrivesLate?: number
  /** Milliseconds after which a late batch arrives; drawn for each. Default: 0 to 20 s, so before and after the time-out. */
  readonly lateness?: () => number
  /** Milliseconds after which the owner of a lost batch is told 'unknown'. Default 10 s. */
  readonly timeout?: number
}

export interface MemoryHistoryOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lines?: MemoryLines
  readonly faults?: HistoryFaults
}

const LINE_CUT: ArchiveOutcome = { outcome: 'unknown', reason: 'the line went down' }
const AWAY = 'history is away'
const ANSWER_LOST: ArchiveOutcome = { outcome: 'unknown', reason: 'no answer in time' }

export class MemoryHistoryStore {
  /** The faults of today; may be replaced while running. */
  faults: HistoryFaults
  /** True: nobody gets an answer; what arrived before it began is written all the same. */
  outage = false
  readonly lines: MemoryLines
  readonly #options: MemoryHistoryOptions
  readonly #tables = new HistoryTables()

  constructor(options: MemoryHistoryOptions) {
    this.#options = options
    this.faults = options.faults ?? {}
    this.lines = options.lines ?? new MemoryLines()
  }

  history(node: NodeId): History {
    const tables = this.#tables
    const courier = new MemoryCourier(node, this.lines, this.#options.clock, () => this.faults.delay?.() ?? 0)
    return {
      shards: (wanted) => this.#ask(courier, () => tables.shards(wanted)),
      positions: (shards) => this.#ask(courier, () => shards.map((shard) => tables.position(shard))),
      activate: (shard, conversations, since) =>
        this.#ask(courier, () => ({ position: tables.position(shard), found: tables.activate(conversations, since) })),
      archive: (batch) => this.#archive(courier, batch),
      page: (query) => this.#ask(courier, () => tables.page(query)),
      findId: (conversation, sender, id) => this.#ask(courier, () => tables.findId(conversation, sender, id)),
      mark: (marks) => this.#ask(courier, () => marks.forEach((mark) => tables.mark(mark))),
      close: () => Promise.resolve(),
    }
  }

  snapshot(): HistorySnapshot {
    return this.#tables.snapshot()
  }

  /** Everything is as it was when the copy was made: Postgres restored from a backup. */
  restore(snapshot: HistorySnapshot): void {
    this.#tables.restore(snapshot)
  }

  async #ask<T>(courier: MemoryCourier, work: () => T): Promise<T> {
    const answer = await courier.ask(() => {
      if (this.outage) throw new Error(AWAY)
      return work()
    })
    if (this.outage) throw new Error(AWAY)
    return answer
  }

  async #archive(courier: MemoryCourier, batch: ArchiveBatch): Promise<ArchiveOutcome> {
    const { neverArrives = 0, arrivesLate = 0, answerLost = 0, timeout = 10_000 } = this.faults
    const draw = neverArrives + arrivesLate + answerLost > 0 ? this.#options.random() : 1
    if (draw >= neverArrives + arrivesLate + answerLost) {
      const outcome = await courier.ask(() => this.#arrive(batch), LINE_CUT)
      return this.outage ? ANSWER_LOST : outcome
    }
    if (draw >= neverArrives) {
      this.#options.clock.after(draw < neverArrives + arrivesLate ? this.#lateness() : 0, () => this.#arrive(batch))
    }
    return courier.answer(ANSWER_LOST, timeout)
  }

  #arrive(batch: ArchiveBatch): ArchiveOutcome {
    return this.outage ? ANSWER_LOST : this.#tables.archive(batch)
  }

  #lateness(): number {
    return this.faults.lateness?.() ?? this.#options.random() * 20_000
  }
}
