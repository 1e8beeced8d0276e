/**
 * Append pace: the beat at which the shards of a node append, so that many busy shards do not store their entries one by one. After a
 * quiet moment the first entry is appended at once; the busier the node, the longer the time between two beats, and the more entries share
 * a record. All appends of a beat leave in one write, and their answers mostly come back in one read. The beat slows with the number of
 * shards that append, so that a node makes about APPENDS_PER_SECOND at most.
 */
import type { Clock } from './clock.js'

/** A shard as the pace sees it. */
export interface Paced {
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
  /** When shards appended last. */
  #beat = -Infinity

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

  /** At the end of a turn: when the time has come, everybody who waits appends. */
  flush(): void {
    if (this.#dirty.size === 0) return
    const now = this.#clock.now()
    if (now - this.#beat < this.#pause(now)) {
      this.#later()
      return
    }
    this.#beat = now
    const dirty = this.#dirty
    this.#dirty = new Set()
    for (const shard of dirty) {
      this.#begun.set(shard, now)
      shard.flush()
    }
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
