/**
 * Latency: a log-linear (HDR) histogram of durations that travels between processes and can be added up, which the one of
 * perf_hooks cannot. Durations are milliseconds, kept in microseconds with an error below 1 %.
 */

/** Half of SUB buckets per power of two: the relative error is at most 2 / SUB. */
const SUB_BITS = 8
const SUB = 1 << SUB_BITS
/** Up to 2^32 microseconds, more than an hour. */
const SLOTS = slotOf(2 ** 32 - 1) + 1

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export class Latency {
  readonly #counts: Float64Array
  #max = 0

  constructor(counts: Float64Array = new Float64Array(SLOTS), max = 0) {
    this.#counts = counts
    this.#max = max
  }

  /** Negative durations (clocks of one machine agree to microseconds, not better) count as 0. */
  record(milliseconds: number): void {
    const value = Math.min(Math.max(Math.round(milliseconds * 1000), 0), 2 ** 32 - 1)
    const slot = slotOf(value)
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1
    if (value > this.#max) this.#max = value
  }

  add(other: LatencyData): void {
    other.counts.forEach((count, slot) => {
      this.#counts[slot] = (this.#counts[slot] ?? 0) + count
    })
    if (other.max > this.#max) this.#max = other.max
  }

  /** What crosses a process boundary; `Latency.add` takes it. */
  data(): LatencyData {
    return { counts: this.#counts.slice(), max: this.#max }
  }

  percentiles(): Percentiles {
    const count = this.#counts.reduce((sum, one) => sum + one, 0)
    const at = (share: number) => this.#at(Math.ceil(count * share)) / 1000
    return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: this.#max / 1000 }
  }

  #at(rank: number): number {
    let passed = 0
    for (let slot = 0; slot < SLOTS; slot++) {
      passed += this.#counts[slot] ?? 0
      if (passed >= rank && passed > 0) return Math.min(valueOf(slot), this.#max)
    }
    return 0
  }
}

export interface LatencyData {
  readonly counts: Float64Array
  /** Microseconds. */
  readonly max: number
}

function slotOf(value: number): number {
  if (value < SUB) return value
  const shift = 31 - Math.clz32(value) - (SUB_BITS - 1)
  return shift * (SUB / 2) + (value >>> shift)
}

/** The highest value of a slot. */
function valueOf(slot: number): number {
  if (slot < SUB) return slot
  const shift = Math.floor(slot / (SUB / 2)) - 1
  return (slot - shift * (SUB / 2) + 1) * 2 ** shift - 1
}
