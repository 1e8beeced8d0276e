/**
 * Numbered: things that get the next number when they come and are taken out by it soon, in about the order they came; what waits for an answer, for
 * instance. A circle of slots, as long as the oldest is behind the newest. A Map does the same, but makes a new table each time the one it has is full
 * of what was deleted. Tables of a Map that is there for long are old objects from the start, and a replaced one still points to what was in it, which
 * is therefore taken for alive until a full collection. Source: V8, src/objects/ordered-hash-table.cc, Rehash.
 */
const SHORTEST = 64

export class Numbered<T> {
  size = 0
  /** The number that the next thing gets. */
  next = 1
  #oldest = 1
  /** A power of two of them. */
  #slots = emptySlots<T>(SHORTEST)

  /** Its number: higher than all before it. */
  add(item: T): number {
    if (this.next - this.#oldest === this.#slots.length) this.#resize(2 * this.#slots.length)
    this.#slots[this.#at(this.next)] = item
    this.size++
    return this.next++
  }

  get(number: number): T | undefined {
    return number >= this.#oldest && number < this.next ? this.#slots[this.#at(number)] : undefined
  }

  /** Takes it out; undefined when it is not there. */
  take(number: number): T | undefined {
    const item = this.get(number)
    if (item === undefined) return undefined
    this.#slots[this.#at(number)] = undefined
    this.size--
    while (this.#oldest < this.next && this.#slots[this.#at(this.#oldest)] === undefined) this.#oldest++
    if (this.size === 0 && this.#slots.length > SHORTEST) this.#resize(SHORTEST)
    return item
  }

  /** In the order they came. What comes meanwhile is left out, and what is taken meanwhile as well. */
  *values(): Iterable<T> {
    const end = this.next
    for (let number = this.#oldest; number < end; number++) {
      const item = this.get(number)
      if (item !== undefined) yield item
    }
  }

  #resize(length: number): void {
    const slots = emptySlots<T>(length)
    for (let number = this.#oldest; number < this.next; number++) slots[number & (length - 1)] = this.get(number)
    this.#slots = slots
  }

  #at(number: number): number {
    return number & (this.#slots.length - 1)
  }
}

const emptySlots = <T>(length: number): (T | undefined)[] => new Array<T | undefined>(length).fill(undefined)
