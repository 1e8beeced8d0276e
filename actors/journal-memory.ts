/**
 * Journal in memory: a store shared by the nodes of one process, for tests, simulations and one-node mode without a disk.
 * With no faults every operation is done at once and answered in a microtask. Faults are drawn under the given random
 * numbers: slow and lost answers, appends that never arrive or arrive late (the fence holds then too), outages, breaks.
 */
import type { NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import type { AppendOutcome, Journal, JournalTail, ShardId, ShardRange } from './journal.js'
import { MemoryCourier } from './courier-memory.js'
import { MemoryLines } from './lines-memory.js'

export interface JournalFaults {
  /** Milliseconds of one way, to the store or back; drawn for each. */
  readonly delay?: () => number
  /** Probabilities of an append whose outcome is unknown to the caller: stored but the answer lost, never arrived, arriving late. */
  readonly answerLost?: number
  readonly neverArrives?: number
  readonly arrivesLate?: number
  /** Milliseconds after which a late append arrives; drawn for each. Default: 0 to 10 s, so before and after the time-out. */
  readonly lateness?: () => number
  /** Milliseconds after which the caller of a lost append is told 'unknown'. Default 5 s. */
  readonly timeout?: number
  /** Probability that a reading breaks off half way. */
  readonly readBreaks?: number
}

export interface MemoryJournalOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lines?: MemoryLines
  readonly faults?: JournalFaults
  /** Hears of every record at the moment it is stored, whoever is told of it later. */
  readonly stored?: (shard: ShardId, seq: number, record: Uint8Array) => void
}

interface StoredRecord {
  readonly seq: number
  readonly record: Uint8Array
}

const ANSWER_LOST: AppendOutcome = { outcome: 'unknown', reason: 'no answer in time' }
const LINE_CUT: AppendOutcome = { outcome: 'unknown', reason: 'the line went down' }

export class MemoryJournalStore {
  /** The faults of today; may be replaced while running. */
  faults: JournalFaults
  /** True: every append is answered 'unavailable', everything else rejects. */
  outage = false
  readonly lines: MemoryLines
  private readonly options: MemoryJournalOptions
  private readonly shards = new Map<ShardId, StoredRecord[]>()
  private streams = 1
  private last = 0

  constructor(options: MemoryJournalOptions) {
    this.options = options
    this.faults = options.faults ?? {}
    this.lines = options.lines ?? new MemoryLines()
  }

  journal(node: NodeId): Journal {
    const courier = new MemoryCourier(node, this.lines, this.options.clock, () => this.faults.delay?.() ?? 0)
    return {
      tail: (shard) => courier.ask(() => this.reachable(() => this.tail(shard))),
      append: (shard, expected, record) => this.append(courier, shard, expected, record),
      read: (ranges, each) => this.read(courier, ranges, each),
      purge: (shard, below) => courier.ask(() => this.reachable(() => this.purge(shard, below))),
    }
  }

  /** The stream is deleted and made again: another identity, numbers from 1, no records. */
  recreateStream(): void {
    this.streams++
    this.last = 0
    this.shards.clear()
  }

  /** What power loss does to one replica without fsync: the newest `count` numbers of the stream never were. */
  loseTail(count: number): void {
    this.last = Math.max(0, this.last - count)
    for (const records of this.shards.values()) {
      while ((records.at(-1)?.seq ?? 0) > this.last) records.pop()
    }
  }

  /** Everything kept of a shard, for the checks of a test. */
  kept(shard: ShardId): readonly { readonly seq: number; readonly record: Uint8Array }[] {
    return this.shards.get(shard) ?? []
  }

  private tail(shard: ShardId): JournalTail {
    const newest = this.shards.get(shard)?.at(-1)
    return { stream: `memory-${this.streams}`, seq: newest?.seq ?? 0, record: newest?.record ?? null }
  }

  private append(courier: MemoryCourier, shard: ShardId, expected: number, record: Uint8Array): Promise<AppendOutcome> {
    if (!courier.isUp()) return courier.answer<AppendOutcome>({ outcome: 'unavailable', reason: 'the line is down' })
    const bytes = record.slice()
    const store = () => this.store(shard, expected, bytes)
    const { neverArrives = 0, arrivesLate = 0, answerLost = 0, timeout = 5000 } = this.faults
    const draw = neverArrives + arrivesLate + answerLost > 0 ? this.options.random() : 1
    if (draw >= neverArrives + arrivesLate + answerLost) return courier.ask(store, LINE_CUT)
    if (draw >= neverArrives) this.options.clock.after(draw < neverArrives + arrivesLate ? this.lateness() : 0, store)
    return courier.answer(ANSWER_LOST, timeout)
  }

  private lateness(): number {
    return this.faults.lateness?.() ?? this.options.random() * 10_000
  }

  private store(shard: ShardId, expected: number, record: Uint8Array): AppendOutcome {
    if (this.outage) return { outcome: 'unavailable', reason: 'the store is away' }
    const records = this.shards.get(shard) ?? []
    if ((records.at(-1)?.seq ?? 0) !== expected) return { outcome: 'refused' }
    records.push({ seq: ++this.last, record })
    this.shards.set(shard, records)
    this.options.stored?.(shard, this.last, record)
    return { outcome: 'stored', seq: this.last }
  }

  private async read(
    courier: MemoryCourier,
    ranges: readonly ShardRange[],
    each: (shard: ShardId, seq: number, record: Uint8Array) => void,
  ): Promise<void> {
    const found = await courier.ask(() => this.reachable(() => this.find(ranges)))
    const breaks = this.faults.readBreaks ?? 0
    const given = breaks > 0 && this.options.random() < breaks ? found.slice(0, found.length >> 1) : found
    for (const { shard, seq, record } of given) each(shard, seq, record)
    if (given !== found) throw new Error('the reading broke off')
  }

  private find(ranges: readonly ShardRange[]): (StoredRecord & { shard: ShardId })[] {
    const found = ranges.flatMap(({ shard, after, upTo }) =>
      this.kept(shard)
        .filter(({ seq }) => seq > after && seq <= upTo)
        .map(({ seq, record }) => ({ shard, seq, record })),
    )
    return found.sort((a, b) => a.seq - b.seq)
  }

  private purge(shard: ShardId, below: number): void {
    const records = this.shards.get(shard)
    if (!records) return
    const firstKept = records.findIndex(({ seq }) => seq >= below)
    records.splice(0, firstKept < 0 ? records.length : firstKept)
  }

  private reachable<T>(work: () => T): T {
    if (this.outage) throw new Error('the store is away')
    return work()
  }
}
