/**
 * The newest entries of one conversation, kept by its owner: all that are not archived yet, and a few before them, also those that had to be
 * read from history. Resumes, repeated sends and receipts are answered from here without Postgres. A dense run of seqs; the oldest go
 * first, and only once archived.
 */
import type { MessageId, UserId } from '../protocol/ids.js'

export interface KeptEntry {
  readonly seq: number
  readonly time: number
  readonly sender: UserId
  /** '' for changes. */
  readonly id: MessageId
  /** A number of MESSAGE_TYPE; 0 for changes. */
  readonly type: number
  /** The encoded entry. */
  readonly bytes: Uint8Array
}

/** Archived entries kept beside the unarchived ones. */
const SPARE = 16

export class KeptEntries {
  #entries: KeptEntry[] = []
  #archived = 0

  /** Seq of the oldest one kept; Infinity when there is none. */
  get first(): number {
    return this.#entries[0]?.seq ?? Infinity
  }

  get unarchived(): boolean {
    return (this.#entries.at(-1)?.seq ?? 0) > this.#archived
  }

  /** Takes the next entry; seqs follow one another. */
  add(entry: KeptEntry): void {
    this.#entries.push(entry)
  }

  /** Everything up to `seq` is archived: older ones beyond the spare may go. */
  archived(seq: number): void {
    if (seq <= this.#archived) return
    this.#archived = seq
    const firstUnarchived = seq + 1 - this.first
    const drop = firstUnarchived - SPARE
    // cutting the array at every archive would cost more than it frees
    if (drop >= SPARE) this.#entries.splice(0, drop)
  }

  /**
   * Takes the newest of what was read from history, when that is a dense run up to the oldest one kept, or, when none is kept, up to `head`, the
   * newest entry of all.
   */
  adopt(older: readonly KeptEntry[], head: number): void {
    const newest = older.at(-1)?.seq
    // what was committed while history was read may have pushed out what came right after it
    if (newest === undefined || newest !== (this.#entries.length === 0 ? head : this.first - 1)) return
    const room = SPARE - Math.max(0, this.#archived - newest)
    if (room <= 0) return
    const taken = older.slice(-room)
    if (newest - (taken[0]?.seq ?? 0) + 1 !== taken.length) return
    this.#entries.unshift(...taken)
    this.#archived = Math.max(this.#archived, newest)
  }

  find(seq: number): KeptEntry | undefined {
    return this.#entries[seq - this.first]
  }

  /** Entries from `from` to `to`, both included, as far as kept. */
  range(from: number, to: number): readonly KeptEntry[] {
    const first = this.first
    if (first > to) return []
    return this.#entries.slice(Math.max(0, from - first), to - first + 1)
  }
}
