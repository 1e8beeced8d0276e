/**
 * Courier in memory: carries one node's questions to a store in the same process and the answers back, as its line allows.
 * Without delay a question is answered in a microtask. A cut line loses the question or the answer; a frozen node gets its
 * answers when it thaws.
 */
import type { NodeId } from './bus.js'
import type { Clock } from './clock.js'
import type { MemoryLines } from './lines-memory.js'

export class MemoryCourier {
  private readonly node: NodeId
  private readonly lines: MemoryLines
  private readonly clock: Clock
  private readonly delay: () => number

  /** `delay` draws the milliseconds of one way; 0 is no delay. */
  constructor(node: NodeId, lines: MemoryLines, clock: Clock, delay: () => number) {
    this.node = node
    this.lines = lines
    this.clock = clock
    this.delay = delay
  }

  isUp(): boolean {
    return this.lines.isUp(this.node)
  }

  /** What `work` answers at the store. When the line is or goes down: `lost` if given, else it rejects. */
  ask<T>(work: () => T, lost?: T): Promise<T> {
    return new Promise((resolve, reject) => {
      const cuts = this.lines.cuts(this.node)
      const fail = () => (lost === undefined ? reject(new Error('the line is down')) : resolve(lost))
      const back = (settle: () => void) => {
        const whole = this.isUp() && this.lines.cuts(this.node) === cuts
        this.lines.whenAwake(this.node, whole ? settle : fail)
      }
      const arrive = () => {
        const settle = settled(work, resolve, reject)
        this.travel(() => back(settle))
      }
      if (this.isUp()) this.travel(arrive)
      else fail()
    })
  }

  /** An answer that comes from this side after `ms`. */
  answer<T>(value: T, ms = 0): Promise<T> {
    return new Promise((resolve) => {
      const settle = () => this.lines.whenAwake(this.node, () => resolve(value))
      if (ms > 0) this.clock.after(ms, settle)
      else settle()
    })
  }

  private travel(task: () => void): void {
    const ms = this.delay()
    if (ms > 0) this.clock.after(ms, task)
    else task()
  }
}

function settled<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = work()
    return () => resolve(value)
  } catch (error) {
    return () => reject(error)
  }
}
