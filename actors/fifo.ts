/**
 * Fifo: a queue in one array used as a circle. It grows by doubling and never shrinks; pushing and shifting allocate
 * nothing in between. Mailboxes and the run queue of the actor system are made of it.
 */
export class Fifo<T> {
  size = 0
  private head = 0
  private slots: (T | undefined)[] = [undefined, undefined, undefined, undefined]

  get capacity(): number {
    return this.slots.length
  }

  push(item: T): void {
    if (this.size === this.slots.length) this.grow()
    this.slots[(this.head + this.size++) & (this.slots.length - 1)] = item
  }

  /** Takes the oldest item; undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.slots[this.head]
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.size--
    return item
  }

  private grow(): void {
    const wrapped = this.slots.slice(0, this.head)
    this.slots = this.slots.slice(this.head).concat(wrapped)
    this.head = 0
    this.slots = this.slots.concat(new Array<undefined>(this.slots.length).fill(undefined))
  }
}
