/**
 * Virtual clock: time that stands still unless `run` moves it from event to event. A whole cluster runs on it in one
 * process, as fast as it can and always in the same order: timers by time, then by creation; the turn tasks of an instant
 * after the timers that were due in it.
 */
import type { Clock } from './clock.js'

/** Steps at one instant after which something is taken to go in circles. */
const INSTANT_STEPS = 1_000_000

interface Timer {
  readonly at: number
  readonly serial: number
  task: (() => void) | undefined
}

export class VirtualClock implements Clock {
  private time: number
  private serial = 0
  private turns: (() => void)[] = []
  /** A binary heap: the earliest timer first. */
  private readonly timers: Timer[] = []

  constructor(start = Date.UTC(2025, 0, 1)) {
    this.time = start
  }

  now(): number {
    return this.time
  }

  /** Whole milliseconds, rounded up, so that `now` is one as in the world. */
  after(ms: number, task: () => void): () => void {
    const timer: Timer = { at: this.time + Math.max(0, Math.ceil(ms)), serial: this.serial++, task }
    if (timer.at < Infinity) this.insert(timer)
    return () => {
      timer.task = undefined
    }
  }

  turn(task: () => void): void {
    this.turns.push(task)
  }

  /**
   * Moves time on: to the instant `until` with everything due by then, or to the first instant at which `until()` holds.
   * Rejects when it still does not hold after `limit` milliseconds, or when nothing is left to happen.
   * Real I/O is not waited for: what runs on this clock must be made of timers, turns, promises and ticks alone.
   */
  run(until: number | (() => boolean), limit = 3_600_000): Promise<void> {
    return typeof until === 'number' ? inOrder(this.tasks(until, null)) : inOrder(this.tasks(this.time + limit, until))
  }

  /** What happens up to `end`, or until `done` holds: the turn tasks there are, or else the timers of the next instant. */
  private *tasks(end: number, done: (() => boolean) | null): Iterator<() => void, void> {
    for (let steps = 0; done?.() !== true; steps++) {
      const before = this.time
      if (this.turns.length > 0) yield* this.takeTurns()
      else if ((this.first()?.at ?? Infinity) <= end) yield* this.takeTimers()
      else return this.arrive(end, done === null)
      if (this.time !== before) steps = 0
      if (steps > INSTANT_STEPS) throw new Error(`virtual time does not get past ${new Date(before).toISOString()}`)
    }
  }

  /** Nothing is due up to `end` any more. */
  private arrive(end: number, wanted: boolean): void {
    if (!wanted) throw new Error(`what was waited for did not happen by ${new Date(end).toISOString()} of virtual time`)
    this.time = Math.max(this.time, end)
  }

  private takeTurns(): readonly (() => void)[] {
    const batch = this.turns
    this.turns = []
    return batch
  }

  /** The timers of the next instant that were made before it began. */
  private *takeTimers(): Iterable<() => void> {
    const { serial } = this
    this.time = Math.max(this.time, this.first()?.at ?? 0)
    for (let timer = this.first(); timer && timer.at <= this.time && timer.serial < serial; timer = this.first()) {
      this.removeFirst()
      if (timer.task) yield timer.task
    }
  }

  /** The earliest timer that was not cancelled. */
  private first(): Timer | undefined {
    while (this.timers.length > 0 && this.timers[0]?.task === undefined) this.removeFirst()
    return this.timers[0]
  }

  private insert(timer: Timer): void {
    const { timers } = this
    let at = timers.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = timers[parent] as Timer
      if (!isEarlier(timer, above)) break
      timers[at] = above
      at = parent
    }
    timers[at] = timer
  }

  private removeFirst(): void {
    const { timers } = this
    const last = timers.pop() as Timer
    if (timers.length === 0) return
    let at = 0
    for (let child = 1; child < timers.length; child = 2 * at + 1) {
      const right = timers[child + 1]
      if (right !== undefined && isEarlier(right, timers[child] as Timer)) child++
      const below = timers[child] as Timer
      if (!isEarlier(below, last)) break
      timers[at] = below
      at = child
    }
    timers[at] = last
  }
}

const isEarlier = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial)

/** Runs tasks one after the other, each when no promise has anything left to do of the one before. */
function inOrder(tasks: Iterator<() => void, void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = () => {
      try {
        const { done, value } = tasks.next()
        if (done === true) return resolve()
        value()
        void NOW.then(whenSettled)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    // a tick that a microtask asks for runs when the queue of microtasks is empty, however long the chains in it: so no count of them is
    // guessed, and the order depends on nothing outside
    const whenSettled = () => process.nextTick(next)
    whenSettled()
  })
}

const NOW = Promise.resolve()
