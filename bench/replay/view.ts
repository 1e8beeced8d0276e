/**
 * View: what one device saw of one conversation, in the order it saw it, as compact columns: nothing is dropped, sorted or
 * merged on the way, so that the verifier can judge it.
 */
export interface Seen {
  readonly epoch: number
  readonly seq: number
  readonly hash: bigint
  /** Arrival by the monotonic clock; NaN for what is not a delivery (own messages, changes). */
  readonly arrival: number
}

const FIRST_CAPACITY = 64

export class View {
  #length = 0
  #highest = 0
  #epochs = new Float64Array(FIRST_CAPACITY)
  #seqs = new Float64Array(FIRST_CAPACITY)
  #hashes = new BigUint64Array(FIRST_CAPACITY)
  #arrivals = new Float64Array(FIRST_CAPACITY)

  /** The highest seq so far; 0 for none. */
  get highest(): number {
    return this.#highest
  }

  get length(): number {
    return this.#length
  }

  add({ epoch, seq, hash, arrival }: Seen): void {
    if (this.#length === this.#seqs.length) this.#grow()
    this.#epochs[this.#length] = epoch
    this.#seqs[this.#length] = seq
    this.#hashes[this.#length] = hash
    this.#arrivals[this.#length] = arrival
    this.#length += 1
    this.#highest = Math.max(this.#highest, seq)
  }

  *rows(): Generator<Seen> {
    for (let at = 0; at < this.#length; at++) {
      yield {
        epoch: this.#epochs[at] as number,
        seq: this.#seqs[at] as number,
        hash: this.#hashes[at] as bigint,
        arrival: this.#arrivals[at] as number,
      }
    }
  }

  #grow(): void {
    const capacity = this.#length * 2
    this.#epochs = extended(this.#epochs, new Float64Array(capacity))
    this.#seqs = extended(this.#seqs, new Float64Array(capacity))
    this.#arrivals = extended(this.#arrivals, new Float64Array(capacity))
    this.#hashes = extended(this.#hashes, new BigUint64Array(capacity))
  }
}

function extended<T extends Float64Array | BigUint64Array>(old: T, larger: T): T {
  larger.set(old as never)
  return larger
}
