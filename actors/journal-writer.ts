/**
 * The writing end of one shard's journal: group commit under the fence. One record is on its way at a time; what conversations
 * hand in meanwhile becomes the next one. An append whose outcome is unknown is repeated byte for byte until it is stored
 * or refused. What is stored goes back in order through `stored`; a refusal ends this writer through `fenced`.
 */
import type { Clock } from './clock.js'
import type { Counters } from './counters.js'
import type { AppendOutcome, Journal, ShardId } from './journal.js'
import type { PendingEntry, WritingConversation } from './pending-entry.js'
import { RECORD_BYTES, encodeRecord } from './record.js'
import type { RecordHead } from './record.js'

/** Where the shard's journal stands; moved on by every stored record. */
export interface JournalPosition {
  readonly seq: number
  readonly number: number
}

export interface JournalWriterParts {
  readonly journal: Journal
  readonly clock: Clock
  readonly counters: Counters
  readonly shard: ShardId
  /** The head of the next record. */
  head(number: number, prev: number): RecordHead
  /** The record is in the journal as `seq`. */
  stored(seq: number, queued: readonly PendingEntry[]): void
  /** Another owner has written: nothing more will be stored by this writer. */
  fenced(): void
}

interface Flight {
  readonly record: Uint8Array
  readonly queued: readonly PendingEntry[]
  readonly since: number
  doubtful: boolean
  attempts: number
}

/** Bytes that may wait; above, senders are told that the shard is overloaded. */
const QUEUE_BYTES = 16 * 1024 * 1024
/** An append that is in doubt for so long makes the journal unavailable for new sends. */
const DOUBT_MS = 1_500
const REPEAT_MS = [20, 50, 100, 250, 500]

export class JournalWriter {
  readonly #parts: JournalWriterParts
  #position: JournalPosition
  #queue: PendingEntry[] = []
  #queuedBytes = 0
  #flight: Flight | null = null
  #stopped = false

  constructor(parts: JournalWriterParts, position: JournalPosition) {
    this.#parts = parts
    this.#position = position
  }

  get position(): JournalPosition {
    return this.#position
  }

  refuses(bytes: number): 'unavailable' | 'overloaded' | null {
    if (this.#stopped) return 'unavailable'
    const flight = this.#flight
    if (flight?.doubtful === true && this.#parts.clock.now() - flight.since > DOUBT_MS) return 'unavailable'
    return this.#queuedBytes + bytes > QUEUE_BYTES ? 'overloaded' : null
  }

  add(entry: PendingEntry): void {
    this.#queue.push(entry)
    this.#queuedBytes += entry.bytes.length
  }

  /** An append is on its way. */
  get isAppending(): boolean {
    return this.#flight !== null && !this.#stopped
  }

  /** Starts an append if entries wait and none is on its way. */
  flush(): void {
    if (this.#flight !== null || this.#queue.length === 0 || this.#stopped) return
    this.#start(this.#take())
  }

  /** Nothing more is written or reported. */
  stop(): void {
    this.#stopped = true
    this.#queue = []
    this.#queuedBytes = 0
  }

  #take(): PendingEntry[] {
    const queue = this.#queue
    if (this.#queuedBytes <= RECORD_BYTES) {
      this.#queue = []
      this.#queuedBytes = 0
      return queue
    }
    const { taken, left } = takeFairly(queue)
    this.#queue = left
    for (const { bytes } of taken) this.#queuedBytes -= bytes.length
    return taken
  }

  #start(queued: readonly PendingEntry[]): void {
    const { seq, number } = this.#position
    const entries = queued.map(({ bytes }) => bytes)
    const record = encodeRecord(this.#parts.head(number + 1, seq), entries)
    this.#parts.counters.recordEntries.observe(queued.length)
    this.#append({ record, queued, since: this.#parts.clock.now(), doubtful: false, attempts: 0 })
  }

  #append(flight: Flight): void {
    this.#flight = flight
    void this.#parts.journal.append(this.#parts.shard, this.#position.seq, flight.record).then((outcome) => {
      if (!this.#stopped) this.#settle(flight, outcome)
    })
  }

  #settle(flight: Flight, outcome: AppendOutcome): void {
    switch (outcome.outcome) {
      case 'stored':
        this.#accept(flight, outcome.seq)
        return
      case 'unknown':
      case 'unavailable':
        flight.doubtful = true
        this.#parts.counters.appendsUnknown++
        this.#parts.clock.after(REPEAT_MS[Math.min(flight.attempts++, REPEAT_MS.length - 1)] ?? 500, () => {
          if (!this.#stopped) this.#append(flight)
        })
        return
      case 'refused':
        if (flight.doubtful) this.#findOwn(flight)
        else this.#lose()
    }
  }

  #accept(flight: Flight, seq: number): void {
    this.#flight = null
    this.#position = { seq, number: this.#position.number + 1 }
    const { counters, clock } = this.#parts
    const now = clock.now()
    for (const { since } of flight.queued) counters.journalSeconds.observe(Math.max(0, now - since) / 1000)
    counters.entriesAppended += flight.queued.length
    this.#parts.stored(seq, flight.queued)
  }

  /** Refused after a doubt: perhaps because an earlier attempt was stored after all. */
  #findOwn(flight: Flight): void {
    const { journal, shard, clock } = this.#parts
    firstAfter(journal, shard, this.#position.seq).then(
      (next) => {
        if (this.#stopped) return
        if (next !== null && sameBytes(next.record, flight.record)) this.#accept(flight, next.seq)
        else this.#lose()
      },
      () => {
        clock.after(250, () => {
          if (!this.#stopped) this.#findOwn(flight)
        })
      },
    )
  }

  #lose(): void {
    this.#parts.counters.fenceRefusals++
    this.stop()
    this.#parts.fenced()
  }
}

/** Conversation by conversation in turn, so that a hot one does not starve the rest, up to the bytes of a record. */
function takeFairly(queue: readonly PendingEntry[]): { taken: PendingEntry[]; left: PendingEntry[] } {
  const lanes = new Map<WritingConversation, PendingEntry[]>()
  for (const queued of queue) {
    const lane = lanes.get(queued.conversation)
    if (lane === undefined) lanes.set(queued.conversation, [queued])
    else lane.push(queued)
  }
  const taken: PendingEntry[] = []
  let bytes = 0
  for (let round = 0; lanes.size > 0; round++) {
    for (const [conversation, lane] of lanes) {
      const next = lane[round]
      if (next === undefined) {
        lanes.delete(conversation)
        continue
      }
      bytes += next.bytes.length
      if (bytes > RECORD_BYTES && taken.length > 0) return { taken, left: without(queue, taken) }
      taken.push(next)
    }
  }
  return { taken, left: [] }
}

function without(queue: readonly PendingEntry[], taken: readonly PendingEntry[]): PendingEntry[] {
  const gone = new Set(taken)
  return queue.filter((queued) => !gone.has(queued))
}

async function firstAfter(
  journal: Journal,
  shard: ShardId,
  after: number,
): Promise<{ seq: number; record: Uint8Array } | null> {
  const tail = await journal.tail(shard)
  if (tail.seq <= after) return null
  let first: { seq: number; record: Uint8Array } | null = null
  await journal.read([{ shard, after, upTo: tail.seq }], (_, seq, record) => {
    first ??= { seq, record }
  })
  return first
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
