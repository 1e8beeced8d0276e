/**
 * Append pace: the beat at which the shards of a node append, so that many busy shards do not store their entries one by one. A beat begins
 * when the appends of the one before are answered, so that it keeps time with the journal: after a quiet moment the first entry is
 * appended at once, and the busier node and journal are, the longer the beats and the more entries share a record.
 */
import type { Clock } from './clock.js'

/** A shard as the pace sees it. */
export interface Paced {
  /** An append of it is on its way. */
  readonly isAppending: boolean
  flush(): void
}

/** Between two beats at least: an entry alone in its record costs several times what it costs among others. */
const QUIET_MS = 1
/** The same while many shards append: what each of them costs is felt by all then. */
const CROWDED_MS = 3
/** Appends in a millisecond that make a crowd. */
const CROWD = 8
/** And at most, whatever is on its way: a shard whose append is slow holds up itself only. */
const LONGEST_MS = 8

export class AppendPace {
  readonly #clock: Clock
  readonly #wake: () => void
  #dirty = new Set<Paced>()
  /** Shards that may have an append of the last beat on its way. */
  #appending: Paced[] = []
  #timer = false
  /** When shards appended last, and how long the next beat waits at least. */
  #beat = -Infinity
  #shortest = QUIET_MS

  /** `wake` is called when waiting shards may append. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /** The shard has something to append, or its append was answered. */
  add(shard: Paced): void {
    this.#dirty.add(shard)
  }

  remove(shard: Paced): void {
    this.#dirty.delete(shard)
    this.#appending = this.#appending.filter((other) => other !== shard)
  }

  /** At the end of a turn: when the time has come, everybody who waits appends. */
  flush(): void {
    if (this.#dirty.size === 0) return
    const now = this.#clock.now()
    if (!this.#isTime(now - this.#beat)) {
      this.#later()
      return
    }
    const appends = this.#flushAll()
    const crowd = CROWD * Math.min(now - this.#beat, CROWDED_MS)
    this.#shortest = appends >= crowd ? CROWDED_MS : QUIET_MS
    this.#beat = now
  }

  /** How many shards had something to append. */
  #flushAll(): number {
    const dirty = this.#dirty
    this.#dirty = new Set()
    this.#appending = []
    for (const shard of dirty) {
      shard.flush()
      if (shard.isAppending) this.#appending.push(shard)
    }
    return this.#appending.length
  }

  #isTime(sinceBeat: number): boolean {
    // negative when the clock was set back
    if (sinceBeat < 0 || sinceBeat >= LONGEST_MS) return true
    return sinceBeat >= this.#shortest && !this.#areAppending()
  }

  #areAppending(): boolean {
    while (this.#appending.at(-1)?.isAppending === false) this.#appending.pop()
    return this.#appending.length > 0
  }

  #later(): void {
    if (this.#timer) return
    this.#timer = true
    this.#clock.after(1, () => {
      this.#timer = false
      this.#wake()
    })
  }
}
