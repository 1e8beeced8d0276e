/**
 * Fingerprint table: from 64-bit fingerprints to 32-bit values, several values per fingerprint. Open addressing over three
 * typed arrays, 12 bytes a slot, 64 to 80 % full when it grew last. The garbage collector sees three objects however
 * many entries there are. Recent ids and the directory are made of it.
 */
const FIRST_CAPACITY = 16
const FULLEST = 0.8
/** Below this share of full slots the table is made smaller. */
const EMPTIEST = 0.25
/** Small steps keep memory near what is needed; a table is meant to be a part of a larger one, so growing is quick. */
const GROWTH = 1.25

/** A part of a larger table is often empty. */
const NO_NUMBERS = new Int32Array(0)
const NO_VALUES = new Uint32Array(0)

export class FingerprintTable {
  size = 0
  private capacity = 0
  private high = NO_NUMBERS
  private low = NO_NUMBERS
  /** 0 marks a free slot. */
  private values = NO_VALUES

  get bytes(): number {
    return this.capacity * 12
  }

  /** The value of a fingerprint; with `skip` the one after that many others; 0 when there is none. */
  find(high: number, low: number, skip = 0): number {
    if (this.size === 0) return 0
    for (let at = this.home(high); this.values[at] !== 0; at = this.after(at)) {
      if (this.high[at] === high && this.low[at] === low && skip-- === 0) return this.values[at] as number
    }
    return 0
  }

  /** How many values a fingerprint has. */
  count(high: number, low: number): number {
    let count = 0
    while (this.find(high, low, count) !== 0) count++
    return count
  }

  has(high: number, low: number, value: number): boolean {
    return this.size > 0 && this.slotOf(high, low, value) >= 0
  }

  /** Adds a value from 1 to 2^32 - 1, also when it is there already. */
  add(high: number, low: number, value: number): void {
    if (this.size >= this.capacity * FULLEST) this.resize(Math.max(FIRST_CAPACITY, Math.ceil(this.capacity * GROWTH)))
    this.insert(high, low, value)
    this.size++
  }

  /** Removes one entry; false when it is not there. */
  remove(high: number, low: number, value: number): boolean {
    const at = this.size === 0 ? -1 : this.slotOf(high, low, value)
    if (at < 0) return false
    this.free(at)
    this.shrink()
    return true
  }

  /** Removes every entry with a value; answers how many. Looks at every slot. */
  removeValue(value: number): number {
    const before = this.size
    for (let at = 0; at < this.capacity; at++) while (this.values[at] === value) this.free(at)
    this.shrink()
    return before - this.size
  }

  /** Where a fingerprint would like to be: its high word scaled to the capacity, which is any number. */
  private home(high: number): number {
    return Math.floor(((high >>> 0) * this.capacity) / 2 ** 32)
  }

  private after(at: number): number {
    return at + 1 === this.capacity ? 0 : at + 1
  }

  private slotOf(high: number, low: number, value: number): number {
    for (let at = this.home(high); this.values[at] !== 0; at = this.after(at)) {
      if (this.values[at] === value && this.high[at] === high && this.low[at] === low) return at
    }
    return -1
  }

  private insert(high: number, low: number, value: number): void {
    let at = this.home(high)
    while (this.values[at] !== 0) at = this.after(at)
    this.set(at, high, low, value)
  }

  private set(at: number, high: number, low: number, value: number): void {
    this.high[at] = high
    this.low[at] = low
    this.values[at] = value
  }

  /** Frees a slot and moves back those behind it that may be nearer to home, so that no mark stays (Knuth, 6.4, algorithm R). */
  private free(hole: number): void {
    for (let at = this.after(hole); this.values[at] !== 0; at = this.after(at)) {
      const high = this.high[at] as number
      if (this.distance(this.home(high), at) < this.distance(hole, at)) continue
      this.set(hole, high, this.low[at] as number, this.values[at] as number)
      hole = at
    }
    this.values[hole] = 0
    this.size--
  }

  private distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.capacity
  }

  private shrink(): void {
    if (this.capacity > FIRST_CAPACITY && this.size < this.capacity * EMPTIEST) {
      this.resize(Math.max(FIRST_CAPACITY, Math.ceil((this.size / FULLEST) * GROWTH)))
    }
  }

  private resize(capacity: number): void {
    const { high, low, values } = this
    this.capacity = capacity
    this.high = new Int32Array(capacity)
    this.low = new Int32Array(capacity)
    this.values = new Uint32Array(capacity)
    for (let at = 0; at < values.length; at++) {
      if (values[at] !== 0) this.insert(high[at] as number, low[at] as number, values[at] as number)
    }
  }
}
