/**
 * Taking a shard over: write an ownership record under the fence, then read what is not archived yet. Run once per shard and view by
 * shard.ts; gives up when the shard has gone to another node meanwhile. What it returns is everything an owner must know.
 *
 * A new epoch begins when the journal and history do not fit together (rule 5): the stream is another one than history knows, history
 * is ahead of the journal, or a record between the archived position and the tail is missing.
 */
import type { Clock } from './clock.js'
import type { Counters } from './counters.js'
import type { History, ShardPosition } from './history.js'
import type { Journal, JournalTail, ShardId } from './journal.js'
import type { JournalPosition } from './journal-writer.js'
import type { Logger } from './logger.js'
import { decodeRecord, encodeRecord } from './record.js'
import type { JournalRecord, RecordHead } from './record.js'
import { sameBytes } from './journal-writer.js'

/** Where a shard's journal stood when this node last owned it. */
export interface LastOwned {
  readonly stream: string
  readonly seq: number
  readonly epoch: number
}

export interface TakeOverParts {
  readonly journal: Journal
  readonly history: History
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
  readonly shard: ShardId
  /** View, node and incarnation to write; null once the shard is another node's. */
  owner(): Pick<RecordHead, 'view' | 'node' | 'incarnation'> | null
  /** A tail below it has lost records. */
  readonly known: LastOwned | null
  /** The newest view known to the tail is above ours: learn it before going on. */
  behind(view: number): void
}

export interface Taken {
  readonly stream: string
  readonly epoch: number
  readonly position: JournalPosition
  /** What history holds, as the next batch must continue from it; null while history is away. */
  readonly stored: ShardPosition | null
  /** Journal number up to which nothing needs to be archived again. */
  readonly archived: number
  /** Records after `archived`, in order. */
  readonly records: readonly { readonly seq: number; readonly record: JournalRecord }[]
}

/** Thrown when the shard is no longer this node's to take. */
export class NotOurs extends Error {}

const PAUSE_MS = 100

export async function takeOver(parts: TakeOverParts): Promise<Taken> {
  for (;;) {
    try {
      const taken = await attempt(parts)
      if (taken !== null) return taken
    } catch (error) {
      if (error instanceof NotOurs) throw error
      parts.log.warn({ shard: parts.shard, error: String(error) }, 'taking the shard over failed; again')
    }
    await pause(parts.clock, PAUSE_MS)
  }
}

/** Null: somebody or something interfered; try again. */
async function attempt(parts: TakeOverParts): Promise<Taken | null> {
  const { journal, history, shard, known } = parts
  const owner = ownerOf(parts)
  const tail = await journal.tail(shard)
  const last = tail.record === null ? null : decodeRecord(tail.record)
  if (last !== null && last.view > owner.view) {
    parts.behind(last.view)
    return null
  }
  const stored = await history.positions([shard]).then(
    ([position]) => position ?? null,
    () => null,
  )
  const mark = await writeMark(parts, tail, last, stored)
  if (mark === null) return null
  const fits = (stored === null || fitsJournal(stored, tail)) && (known === null || fitsJournal(known, tail))
  const from = archivedUpTo(stored, last, fits)
  const records = from === tail.seq ? [] : await readRecords(parts, from, tail.seq)
  const archived = stored === null ? purgedUpTo(records, from) : from
  const chained = isChained(records, archived)
  const broken = !fits || !chained
  if (!broken) return { ...mark, stream: tail.stream, stored, archived, records }
  parts.log.error({ shard, fits, chained }, 'journal and history do not fit together: a new epoch begins')
  return beginEpoch(parts, { ...mark, stream: tail.stream, stored, archived, records })
}

function ownerOf(parts: TakeOverParts): Pick<RecordHead, 'view' | 'node' | 'incarnation'> {
  const owner = parts.owner()
  if (owner === null) throw new NotOurs()
  return owner
}

interface Marked {
  readonly position: JournalPosition
  readonly epoch: number
}

/** The ownership record: from here on nobody else can append. */
async function writeMark(
  parts: TakeOverParts,
  tail: JournalTail,
  last: JournalRecord | null,
  stored: ShardPosition | null,
): Promise<Marked | null> {
  const epoch = Math.max(last?.epoch ?? 0, stored?.epoch ?? 0) || firstEpoch(parts.clock)
  const head = {
    ...ownerOf(parts),
    number: (last?.number ?? 0) + 1,
    prev: tail.seq,
    archived: last?.archived ?? 0,
    epoch,
  }
  const seq = await appendMark(parts, tail.seq, encodeRecord(head, []))
  return seq === null ? null : { position: { seq, number: head.number }, epoch }
}

async function appendMark(parts: TakeOverParts, expected: number, record: Uint8Array): Promise<number | null> {
  const { journal, shard, clock } = parts
  for (;;) {
    const outcome = await journal.append(shard, expected, record)
    if (outcome.outcome === 'stored') return outcome.seq
    if (outcome.outcome === 'refused') {
      const tail = await journal.tail(shard)
      return tail.record !== null && sameBytes(tail.record, record) ? tail.seq : null
    }
    ownerOf(parts)
    await pause(clock, PAUSE_MS)
  }
}

const firstEpoch = (clock: Clock): number => Math.floor(clock.now() / 1000)

/** Whether a position can be one of this journal. */
const fitsJournal = (stored: Pick<ShardPosition, 'stream' | 'seq'>, tail: JournalTail): boolean =>
  stored.stream === '' ? true : stored.stream === tail.stream && stored.seq <= tail.seq

function archivedUpTo(stored: ShardPosition | null, last: JournalRecord | null, fits: boolean): number {
  if (stored === null) return last?.archived ?? 0
  return fits && stored.stream !== '' ? stored.seq : 0
}

/**
 * While history is away: only what is archived is purged, so what is missing before the first record was. Should history come back
 * without it, the archiver notices and the shard is taken again.
 */
const purgedUpTo = (records: Taken['records'], from: number): number => Math.max(from, records[0]?.record.prev ?? 0)

async function readRecords(
  { journal, shard }: TakeOverParts,
  after: number,
  upTo: number,
): Promise<{ seq: number; record: JournalRecord }[]> {
  const records: { seq: number; record: JournalRecord }[] = []
  await journal.read([{ shard, after, upTo }], (_, seq, bytes) => records.push({ seq, record: decodeRecord(bytes) }))
  return records
}

/** Whether each record names the one before it, back to the archived position. */
function isChained(records: readonly { seq: number; record: JournalRecord }[], archived: number): boolean {
  let prev = archived
  for (const { seq, record } of records) {
    if (record.prev !== prev) return false
    prev = seq
  }
  return true
}

async function beginEpoch(parts: TakeOverParts, taken: Taken): Promise<Taken | null> {
  // the record of the epoch before may be what was lost
  const before = Math.max(taken.epoch, parts.known?.epoch ?? 0)
  const epoch = Math.max(firstEpoch(parts.clock), before + 1)
  parts.counters.epochsBegun++
  const head = {
    ...ownerOf(parts),
    number: taken.position.number + 1,
    prev: taken.position.seq,
    archived: taken.archived,
    epoch,
  }
  const seq = await appendMark(parts, taken.position.seq, encodeRecord(head, []))
  return seq === null ? null : { ...taken, epoch, position: { seq, number: head.number } }
}

const pause = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
