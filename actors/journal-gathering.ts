/**
 * A journal that reads together: what several shards ask for within a moment becomes one reading, because a node that takes many shards over
 * would otherwise make a consumer for each. Everything else passes through.
 */
import type { Clock } from './clock.js'
import type { AppendOutcome, Journal, JournalTail, ShardId, ShardRange } from './journal.js'

type Each = Parameters<Journal['read']>[1]

interface Asked {
  readonly ranges: readonly ShardRange[]
  readonly each: Each
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Milliseconds in which readings gather. */
const GATHER_MS = 10

export class GatheringJournal implements Journal {
  readonly #journal: Journal
  readonly #clock: Clock
  #asked: Asked[] = []

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal
    this.#clock = clock
  }

  tail(shard: ShardId): Promise<JournalTail> {
    return this.#journal.tail(shard)
  }

  append(shard: ShardId, expected: number, record: Uint8Array): Promise<AppendOutcome> {
    return this.#journal.append(shard, expected, record)
  }

  purge(shard: ShardId, below: number): Promise<void> {
    return this.#journal.purge(shard, below)
  }

  /** A shard that is being read waits for the next round: two ranges of one shard could not be told apart. */
  read(ranges: readonly ShardRange[], each: Each): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) this.#clock.after(GATHER_MS, () => void this.#readAll())
      this.#asked.push({ ranges, each, resolve, reject })
    })
  }

  async #readAll(): Promise<void> {
    const { now, later } = apart(this.#asked)
    this.#asked = later
    if (later.length > 0) this.#clock.after(GATHER_MS, () => void this.#readAll())
    const eachOf = new Map<ShardId, Each>()
    for (const { ranges, each } of now) for (const { shard } of ranges) eachOf.set(shard, each)
    try {
      const ranges = now.flatMap((asked) => asked.ranges)
      await this.#journal.read(ranges, (shard, seq, record) => eachOf.get(shard)?.(shard, seq, record))
      for (const { resolve } of now) resolve()
    } catch (error) {
      for (const { reject } of now) reject(error)
    }
  }
}

/** Those that can be read in one go, and those whose shard is in it already. */
function apart(asked: readonly Asked[]): { now: Asked[]; later: Asked[] } {
  const shards = new Set<ShardId>()
  const now: Asked[] = []
  const later: Asked[] = []
  for (const one of asked) {
    const taken = one.ranges.some(({ shard }) => shards.has(shard))
    for (const { shard } of one.ranges) shards.add(shard)
    if (taken) later.push(one)
    else now.push(one)
  }
  return { now, later }
}
