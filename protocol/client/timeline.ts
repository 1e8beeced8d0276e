/**
 * Timeline: how far this device is in one conversation, and what came too early. Pure: it is told of pushes and pages and
 * answers what to deliver. Whatever order they come in, however often, each entry of an epoch is delivered once, in order
 * of seq, without a gap; when something is missing it says `behind`, and the inbox resumes from the position.
 */
import type { Page } from '../frames.js'

/** An entry and the seq before it that this user may see. */
export interface Placed<E> {
  readonly prev: number
  readonly entry: E
}

export interface Place {
  readonly epoch: number
  readonly seq: number
}

export type PlacedPage<E> = Pick<Page, 'epoch' | 'head' | 'recovered' | 'more'> & {
  readonly items: readonly Placed<E>[]
}

/** What follows from a push or a page. */
export interface Step<E> {
  /** To deliver now, in this order. */
  readonly deliver: readonly E[]
  /** Something is missing: resume from the position. */
  readonly behind: boolean
  /** What was held before cannot be continued: the position jumped to a new beginning. */
  readonly unrecovered: boolean
  /** How many came a second time. */
  readonly duplicates: number
}

interface Held<E> extends Placed<E> {
  readonly epoch: number
}

/** Pushes kept while a gap is being filled; what comes beyond that is left to the next page. */
const HELD = 256

const NOTHING = { deliver: [], behind: false, unrecovered: false, duplicates: 0 } as const

export class Timeline<E extends { readonly seq: number }> {
  #epoch: number
  #seq: number
  readonly #held = new Map<number, Held<E>>()
  #spilled = false

  constructor(place: Place = { epoch: 0, seq: 0 }) {
    this.#epoch = place.epoch
    this.#seq = place.seq
  }

  /** Everything up to here was delivered. Epoch 0: nothing is known yet. */
  get place(): Place {
    return { epoch: this.#epoch, seq: this.#seq }
  }

  /** Whether the server has come further than this. */
  isBehind(head: Place): boolean {
    return head.epoch > this.#epoch || (head.epoch === this.#epoch && head.seq > this.#seq)
  }

  /** The application holds everything up to here. */
  move(place: Place): void {
    this.#epoch = place.epoch
    this.#seq = place.seq
  }

  push(epoch: number, placed: Placed<E>): Step<E> {
    if (this.#isOld(epoch, placed.entry.seq)) return { ...NOTHING, duplicates: 1 }
    if (!this.#follows(epoch, placed)) {
      this.#hold({ epoch, ...placed })
      return { ...NOTHING, behind: true }
    }
    this.move({ epoch, seq: placed.entry.seq })
    return this.#held.size === 0 ? { ...NOTHING, deliver: [placed.entry] } : this.#release([placed.entry], 0)
  }

  /** The answer to a resume from `asked`. Complete in itself: inside a page nothing is missing. */
  page(asked: Place, page: PlacedPage<E>): Step<E> {
    if (!this.#isAnswered(asked, page.epoch)) return { ...NOTHING, behind: true }
    if (!page.recovered) this.#restart(page)
    this.#epoch = page.epoch
    const deliver: E[] = []
    for (const { entry } of page.items) {
      if (entry.seq <= this.#seq) continue
      this.#seq = entry.seq
      deliver.push(entry)
    }
    const step = this.#release(deliver, page.items.length - deliver.length)
    const behind = step.behind || page.more || this.#spilled
    if (!page.more) this.#spilled = false
    return { ...step, behind, unrecovered: !page.recovered }
  }

  #isOld(epoch: number, seq: number): boolean {
    return epoch < this.#epoch || (epoch === this.#epoch && seq <= this.#seq)
  }

  #follows(epoch: number, placed: Placed<E>): boolean {
    return (epoch === this.#epoch || this.#epoch === 0) && placed.prev <= this.#seq
  }

  /** False when the position was moved elsewhere since it was asked: the page starts at the wrong place. */
  #isAnswered(asked: Place, epoch: number): boolean {
    if (asked.seq > this.#seq) return false
    return asked.epoch === this.#epoch ? epoch >= this.#epoch : asked.epoch === 0 && epoch === this.#epoch
  }

  /** What was held cannot be continued: begin before the first entry offered, never again inside the same epoch. */
  #restart(page: PlacedPage<E>): void {
    const start = page.items[0]?.prev ?? (page.more ? 0 : page.head)
    this.#seq = page.epoch === this.#epoch ? Math.max(this.#seq, start) : start
  }

  #hold(held: Held<E>): void {
    const earlier = this.#held.get(held.entry.seq)
    if (earlier === undefined && this.#held.size >= HELD) this.#spilled = true
    else if (earlier === undefined || earlier.epoch < held.epoch) this.#held.set(held.entry.seq, held)
  }

  /** Adds what was held and follows now. */
  #release(deliver: E[], duplicates: number): Step<E> {
    const early = [...this.#held.values()].sort((a, b) => a.epoch - b.epoch || a.entry.seq - b.entry.seq)
    for (const held of early) {
      const isOld = this.#isOld(held.epoch, held.entry.seq)
      if (!isOld && !this.#follows(held.epoch, held)) break
      this.#held.delete(held.entry.seq)
      if (isOld) duplicates++
      else {
        this.move({ epoch: held.epoch, seq: held.entry.seq })
        deliver.push(held.entry)
      }
    }
    return { deliver, behind: this.#held.size > 0, unrecovered: false, duplicates }
  }
}
