/**
 * A journal that does what the test says: every append waits until the test settles it. What was stored can be read back; a test stores what
 * other owners wrote with `put`.
 */
import type { AppendOutcome, Journal, JournalTail, ShardRange } from '../journal.js'

export interface ScriptedAppend {
  readonly expected: number
  readonly record: Uint8Array
  settle(outcome: AppendOutcome): void
}

export class ScriptedJournal implements Journal {
  /** All appends so far, the oldest first. */
  readonly appends: ScriptedAppend[] = []
  readonly kept: { readonly seq: number; readonly record: Uint8Array }[] = []
  /** True: tail and read reject. */
  away = false

  get last(): ScriptedAppend {
    const last = this.appends.at(-1)
    if (last === undefined) throw new Error('nothing was appended')
    return last
  }

  put(seq: number, record: Uint8Array): void {
    this.kept.push({ seq, record })
  }

  /** Stores the newest append as `seq` and says so. */
  store(seq: number): void {
    this.put(seq, this.last.record)
    this.last.settle({ outcome: 'stored', seq })
  }

  append(_shard: number, expected: number, record: Uint8Array): Promise<AppendOutcome> {
    return new Promise((settle) => this.appends.push({ expected, record: record.slice(), settle }))
  }

  async tail(): Promise<JournalTail> {
    if (this.away) throw new Error('the journal is away')
    const newest = this.kept.at(-1)
    return { stream: 'scripted', seq: newest?.seq ?? 0, record: newest?.record ?? null }
  }

  async read(
    ranges: readonly ShardRange[],
    each: (shard: number, seq: number, record: Uint8Array) => void,
  ): Promise<void> {
    if (this.away) throw new Error('the journal is away')
    for (const { shard, after, upTo } of ranges)
      for (const { seq, record } of this.kept) if (seq > after && seq <= upTo) each(shard, seq, record)
  }

  async purge(): Promise<void> {
    await Promise.reject(new Error('nothing here is purged'))
  }
}
