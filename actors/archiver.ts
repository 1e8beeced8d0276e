/**
 * Archiver: writes what a shard has stored to history, behind and in batches, with the shard's journal position in the same statement.
 * One batch is on its way at a time. When history is away it waits; when the position there is another one than expected it reads
 * it and goes on from it. Then it lets the journal drop what is archived and old.
 */
import { completeEntry } from '../protocol/entry-codec.js'
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { ArchiveTurns } from './archive-turns.js'
import type { Clock } from './clock.js'
import type { ListChange } from './consequences.js'
import type { Counters } from './counters.js'
import type { ArchiveBatch, ArchiveOutcome, History, ShardPosition, StoredParticipant } from './history.js'
import type { ShardId } from './journal.js'
import type { Logger } from './logger.js'
import type { Unarchived, UnarchivedEntry, UnarchivedRecord } from './unarchived.js'

export interface ArchiverParts {
  readonly history: History
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
  readonly shard: ShardId
  readonly stream: string
  readonly epoch: number
  readonly unarchived: Unarchived
  /** Shared by the shards of the node. */
  readonly turns: ArchiveTurns
  /** History has lost what it had: the shard must be taken again, from what the journal still holds. */
  wentBack(): void
}

const BATCH_ENTRIES = 4_000
/** A batch above this is followed by the next one at once: there is too much for pauses. */
const MANY_ENTRIES = BATCH_ENTRIES / 2
/** Batches of seconds: Postgres spends most on a statement and on the row of a conversation, which a batch writes once. */
const PAUSE_MS = 3_000
const AGAIN_MS = 1_000
/** Parts of the pause by which the moments of a shard lie after those of the one before; so any shards of a node are spread evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

export class Archiver {
  readonly #parts: ArchiverParts
  /** The position in history that the next batch continues from; null when it must be asked for. */
  #stored: ShardPosition | null
  #stopped = false
  #cancel: (() => void) | null = null
  #busy = false
  /** Woken while busy: there may be more than the step under way has seen. */
  #woken = false
  /** Journal numbers up to which was archived, and when; the oldest first. */
  #marks: { readonly seq: number; readonly time: number }[] = []

  constructor(parts: ArchiverParts, stored: ShardPosition | null) {
    this.#parts = parts
    this.#stored = stored
  }

  /** There is something to archive: a batch starts soon. */
  wake(): void {
    if (this.#busy) this.#woken = true
    else if (this.#cancel === null) this.#later(this.#pause())
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  /** Below this number every record is archived and older than `ageMs`; 0 when there is none. The record itself stays. */
  purgeable(ageMs: number): number {
    const limit = this.#parts.clock.now() - ageMs
    const kept = this.#marks.findIndex((mark) => mark.time > limit)
    const old = this.#marks.splice(0, kept === -1 ? this.#marks.length : kept)
    return old.at(-1)?.seq ?? 0
  }

  /** One mark in ten seconds is enough to purge by. */
  #noteMark(seq: number): void {
    const time = this.#parts.clock.now()
    if (time - (this.#marks.at(-1)?.time ?? 0) > 10_000) this.#marks.push({ seq, time })
  }

  /** Milliseconds until this shard's next moment: if all took the same one, a node would stall for it every time. */
  #pause(): number {
    const { clock, shard } = this.#parts
    const since = clock.now() - ((shard * GOLDEN) % 1) * PAUSE_MS
    return PAUSE_MS - (since % PAUSE_MS)
  }

  #later(ms: number): void {
    if (this.#stopped) return
    this.#cancel = this.#parts.clock.after(ms, () => {
      this.#cancel = null
      this.#woken = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#busy = true
    const pause = await this.#parts.turns
      .take(() => this.#step())
      .catch((error: unknown) => {
        this.#parts.log.warn({ shard: this.#parts.shard, error: String(error) }, 'history is away')
        return AGAIN_MS
      })
    this.#busy = false
    if (pause !== null || this.#woken) this.#later(pause ?? this.#pause())
  }

  /** Archives one batch; milliseconds until the next one, null when nothing is left. */
  async #step(): Promise<number | null> {
    if (this.#stopped) return null
    const { history, shard, unarchived } = this.#parts
    this.#stored ??= (await history.positions([shard]))[0] ?? null
    if (this.#stored === null) return AGAIN_MS
    if (isBefore(this.#stored, this.#parts)) {
      this.#parts.wentBack()
      return null
    }
    this.#adopt(this.#stored)
    const records = unarchived.ready(BATCH_ENTRIES)
    if (records.length === 0) return this.#hasMore() ? this.#askAgain() : null
    const batch = this.#batch(records, this.#stored)
    return this.#settle(batch, records, await history.archive(batch))
  }

  /** Nothing is ready although there is more: a late batch of an earlier owner may have archived what is not. */
  #askAgain(): number {
    this.#stored = null
    return AGAIN_MS
  }

  #hasMore(): boolean {
    for (const record of this.#parts.unarchived.records()) if (record.seq > this.#parts.unarchived.archived) return true
    return false
  }

  /** What history has of this stream need not be written again. */
  #adopt(stored: ShardPosition): void {
    const { unarchived, stream } = this.#parts
    if (stored.stream !== stream || stored.seq <= unarchived.archived) return
    const known = [...unarchived.records()].filter((record) => record.seq <= stored.seq)
    this.#forget(known, stored.seq)
  }

  #forget(records: readonly UnarchivedRecord[], upTo: number): void {
    for (const record of records) for (const entry of record.entries) entry.conversation?.kept.archived(entry.seq)
    this.#parts.unarchived.setArchived(upTo)
  }

  #settle(batch: ArchiveBatch, records: readonly UnarchivedRecord[], outcome: ArchiveOutcome): number | null {
    const { counters, log, shard, stream } = this.#parts
    switch (outcome.outcome) {
      case 'archived':
        this.#stored = { stream, seq: batch.to, epoch: batch.epoch }
        this.#noteMark(batch.to)
        counters.entriesArchived += batch.entries.length
        counters.archiveEntries.observe(batch.entries.length)
        counters.quarantined += outcome.quarantined
        this.#forget(records, batch.to)
        return this.#hasMore() ? this.#pauseAfter(batch) : null
      case 'mismatch':
        log.warn({ shard, expected: batch.from, position: outcome.position }, 'history stands elsewhere')
        this.#stored = outcome.position
        return AGAIN_MS
      case 'unknown':
        this.#stored = null
        return AGAIN_MS
    }
  }

  #pauseAfter({ entries }: ArchiveBatch): number {
    return entries.length > MANY_ENTRIES ? 0 : this.#pause()
  }

  #batch(records: readonly UnarchivedRecord[], stored: ShardPosition): ArchiveBatch {
    const rows = new Rows()
    for (const record of records) for (const entry of record.entries) rows.add(entry)
    return {
      shard: this.#parts.shard,
      fromStream: stored.stream,
      from: stored.seq,
      stream: this.#parts.stream,
      to: records.at(-1)?.seq ?? stored.seq,
      epoch: this.#parts.epoch,
      ...rows.toBatch(),
    }
  }
}

/** Whether history stands before what this owner knows to be archived: a backup was put back. */
export const isBefore = (
  position: ShardPosition,
  { stream, unarchived }: { readonly stream: string; readonly unarchived: Pick<Unarchived, 'archived'> },
): boolean => (position.stream === stream ? position.seq : 0) < unarchived.archived

/** The rows of one batch: every entry, and of each other row the last state. */
class Rows {
  readonly #entries: UnarchivedEntry[] = []
  /** The last entry of each. */
  readonly #conversations = new Map<ConversationId, UnarchivedEntry>()
  readonly #participants = new Map<string, { conversation: ConversationId; participant: StoredParticipant }>()
  readonly #list = new Map<string, ArchiveBatch['list'][number]>()

  add(entry: UnarchivedEntry): void {
    const { conversation, consequences, conversationId } = entry
    this.#entries.push(entry)
    if (conversation !== null) this.#conversations.set(conversationId, entry)
    for (const participant of consequences.participants)
      this.#participants.set(`${conversationId} ${participant.user}`, { conversation: conversationId, participant })
    if (consequences.list !== null) this.#addListItem(conversationId.slice(2), consequences.list)
  }

  #addListItem(user: UserId, change: ListChange): void {
    const { conversation, since, epoch, gone } = change
    this.#list.set(`${user} ${conversation}`, { user, item: { conversation, since, epoch }, gone })
  }

  toBatch(): Pick<ArchiveBatch, 'entries' | 'conversations' | 'participants' | 'list'> {
    return {
      entries: this.#entries.map((entry) => completeEntry(entry.conversationId, entry, entry.bytes)),
      conversations: [...this.#conversations.values()].flatMap(
        (entry) => entry.conversation?.state.stored(entry) ?? [],
      ),
      participants: [...this.#participants.values()],
      list: [...this.#list.values()],
    }
  }
}
