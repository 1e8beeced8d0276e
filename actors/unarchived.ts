/**
 * What a shard has stored in the journal and not in history yet: the records in order, with the rows that history will get. The archiver
 * takes from its front; activations look through it for entries that history did not have when it was read.
 */
import type { ConversationId, DeviceId } from '../protocol/ids.js'
import type { KeptEntries, KeptEntry } from './kept-entries.js'
import type { Consequences } from './consequences.js'
import type { ConversationState } from './conversation-state.js'
import type { Counters } from './counters.js'

/** A conversation as history is written from it. */
export interface ArchivedConversation {
  readonly state: ConversationState
  readonly kept: KeptEntries
}

export interface UnarchivedEntry extends KeptEntry {
  readonly conversationId: ConversationId
  readonly kind: number
  readonly ordinal: number
  readonly device: DeviceId
  /** Null until the conversation is active here: only then are its rows known. */
  conversation: ArchivedConversation | null
  consequences: Consequences
  /** The record that holds it, once it is in one. */
  record: UnarchivedRecord | null
}

export interface UnarchivedRecord {
  readonly seq: number
  readonly entries: readonly UnarchivedEntry[]
  readonly bytes: number
  /** Other conversations that have not confirmed what they were told about these entries. */
  unconfirmed: number
}

export class Unarchived {
  #records: UnarchivedRecord[] = []
  readonly #counters: Counters
  /** Records up to this number are archived, but a reader may still need them. */
  #archived = 0
  #readers = 0

  /** Keeps `counters.unarchivedBytes`. */
  constructor(counters: Counters) {
    this.#counters = counters
  }

  get archived(): number {
    return this.#archived
  }

  /** Time of the oldest entry; Infinity when there is none. */
  get oldestTime(): number {
    return this.#records.find((record) => record.entries.length > 0)?.entries[0]?.time ?? Infinity
  }

  /** Starts where history stands. */
  startAt(archived: number): void {
    this.#archived = archived
  }

  add(seq: number, entries: readonly UnarchivedEntry[]): UnarchivedRecord {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    const record = { seq, entries, bytes, unconfirmed: 0 }
    for (const entry of entries) entry.record = record
    this.#records.push(record)
    this.#counters.unarchivedBytes += bytes
    return record
  }

  /** The oldest records whose rows are complete, up to so many entries. */
  ready(limit: number): readonly UnarchivedRecord[] {
    const ready: UnarchivedRecord[] = []
    let entries = 0
    for (const record of this.#records) {
      if (record.seq <= this.#archived) continue
      entries += record.entries.length
      if (record.unconfirmed > 0 || (ready.length > 0 && entries > limit)) break
      if (record.entries.some((entry) => entry.conversation === null)) break
      ready.push(record)
    }
    return ready
  }

  /** Everything up to this number is in history. */
  setArchived(seq: number): void {
    this.#archived = Math.max(this.#archived, seq)
    this.#trim()
  }

  /** While someone reads history, what was unarchived before stays. Call the answer when it has been applied. */
  startReading(): () => void {
    this.#readers++
    return () => {
      this.#readers--
      this.#trim()
    }
  }

  #trim(): void {
    if (this.#readers > 0) return
    let gone = 0
    for (const record of this.#records) {
      if (record.seq > this.#archived) break
      this.#counters.unarchivedBytes -= record.bytes
      // entries may be kept for longer; what they were stored with is not
      for (const entry of record.entries) entry.record = null
      gone++
    }
    if (gone > 0) this.#records.splice(0, gone)
  }

  /** The shard is lost. */
  clear(): void {
    for (const record of this.#records) this.#counters.unarchivedBytes -= record.bytes
    this.#records = []
  }

  /** Entries after a journal number, by conversation, in order. */
  after(seq: number, conversations: ReadonlySet<ConversationId>): Map<ConversationId, UnarchivedEntry[]> {
    const found = new Map<ConversationId, UnarchivedEntry[]>()
    for (const record of this.#records) {
      if (record.seq <= seq) continue
      for (const entry of record.entries) {
        if (!conversations.has(entry.conversationId)) continue
        const list = found.get(entry.conversationId)
        if (list === undefined) found.set(entry.conversationId, [entry])
        else list.push(entry)
      }
    }
    return found
  }

  *records(): Iterable<UnarchivedRecord> {
    yield* this.#records
  }
}
