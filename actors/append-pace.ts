/**
 * Append pace: how long the shards of a node wait between two appends, so that many busy shards do not store their entries one by one. A
 * shard that was quiet appends at once; the busier the node, the more entries share a record. The wait grows with the number of
 * shards that append, so that a node makes about APPENDS_PER_SECOND at most.
 */
import type { Clock } from './clock.js'

/** A shard as the pace sees it. */
export interface Paced {
  /** When its last append began; null when it has nothing to append now. */
  readonly waitingSince: number | null
  flush(): void
}

const APPENDS_PER_SECOND = 5_000
/** No entry waits longer than this for others. */
const LONGEST_MS = 8
/** A shard counts as busy if it appended within so many milliseconds. */
const BUSY_MS = 50

export class AppendPace {
  readonly #clock: Clock
  readonly #wake: () => void
  #dirty = new Set<Paced>()
  #begun = new Map<Paced, number>()
  #timer = false

  /** `wake` is called when waiting shards may append. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock
    this.#wake = wake
  }

  add(shard: Paced): void {
    this.#dirty.add(shard)
  }

  remove(shard: Paced): void {
    this.#dirty.delete(shard)
    this.#begun.delete(shard)
  }

  /** At the end of a turn: shards whose time has come append, the others wait for the next. */
  flush(): void {
    if (this.#dirty.size === 0) return
    const now = this.#clock.now()
    const pause = this.#pause(now)
    for (const shard of this.#dirty) {
      if (shard.waitingSince !== null && now - shard.waitingSince < pause) continue
      this.#dirty.delete(shard)
      this.#begun.set(shard, now)
      shard.flush()
    }
    if (this.#dirty.size > 0) this.#later()
  }

  #pause(now: number): number {
    let busy = 0
    for (const [shard, begun] of this.#begun) {
      if (now - begun < BUSY_MS) busy++
      else this.#begun.delete(shard)
    }
    return Math.min(LONGEST_MS, Math.floor((busy * 1000) / APPENDS_PER_SECOND))
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
