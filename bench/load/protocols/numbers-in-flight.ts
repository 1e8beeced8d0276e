/**
 * Numbers in flight: what one connection sent and has no answer to yet, for protocols that answer in order. A ring of doubles, so that
 * neither sending nor being answered makes an object; a connection that sends nothing holds an empty one.
 */
export class NumbersInFlight {
  #ring = new Float64Array(0)
  #first = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  push(number: number): void {
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[(this.#first + this.#count++) % this.#ring.length] = number
  }

  /** The oldest; NaN when there is none. */
  shift(): number {
    if (this.#count === 0) return NaN
    const number = this.#ring[this.#first] ?? NaN
    this.#first = (this.#first + 1) % this.#ring.length
    this.#count -= 1
    return number
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(8, 2 * this.#ring.length))
    for (let at = 0; at < this.#count; at++) larger[at] = this.#ring[(this.#first + at) % this.#ring.length] ?? NaN
    this.#ring = larger
    this.#first = 0
  }
}
