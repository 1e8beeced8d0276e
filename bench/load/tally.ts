/**
 * Tally: what a generator counts while traffic runs: acks, deliveries, how long each took, and what happened in every tenth of a
 * second.
 */
import { Latency } from '../latency.js'
import type { Timeline } from './orders.js'

const STEP_MS = 100
/** Tenths after the end of the time in which stragglers are still placed. */
const STRAGGLERS = 100

export class Tally {
  readonly ack = new Latency()
  readonly delivery = new Latency()
  readonly timeline: Timeline
  acked = 0
  ackedInTime = 0
  delivered = 0
  deliveredInTime = 0
  readonly #start: number
  readonly #end: number

  constructor(start: number, seconds: number) {
    this.#start = start
    this.#end = start + seconds * 1000
    const steps = Math.ceil((seconds * 1000) / STEP_MS) + STRAGGLERS
    const fresh = () => new Float64Array(steps)
    this.timeline = { acked: fresh(), delivered: fresh(), slowest: fresh() }
  }

  addAck(now: number, intended: number): void {
    this.acked += 1
    if (now <= this.#end) this.ackedInTime += 1
    this.ack.record(now - intended)
    add(this.timeline.acked, this.#step(now))
  }

  addDelivery(now: number, intended: number): void {
    this.delivered += 1
    if (now <= this.#end) this.deliveredInTime += 1
    this.delivery.record(now - intended)
    const step = this.#step(now)
    add(this.timeline.delivered, step)
    const { slowest } = this.timeline
    if (now - intended > (slowest[step] ?? Infinity)) slowest[step] = now - intended
  }

  #step(now: number): number {
    return Math.floor((now - this.#start) / STEP_MS)
  }
}

function add(counts: Float64Array, step: number): void {
  if (step >= 0 && step < counts.length) counts[step] = (counts[step] ?? 0) + 1
}
