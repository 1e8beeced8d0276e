/**
 * Traffic: one run of messages over the connections of a generator, closed or open loop. Latency counts from the time a message
 * was meant to be sent, so a generator or server that stalls cannot hide it; a message is under way until everybody
 * connected to this generator has it.
 */
import { monotonic } from '../monotonic.js'
import type { LoadListener } from './load-client.js'
import type { Share, TrafficCounts, TrafficPlan, TrafficResult } from './orders.js'
import type { Senders } from './pattern.js'
import { readStamp, STAMP_BYTES, writeStamp, type Stamp } from './stamp.js'
import { Tally } from './tally.js'

/** Messages that may be under way; the n-th message has the place n modulo this. */
const PLACES = 1 << 20
/** The finest that timers can do; the rest of an open loop's precision is in the intended times. */
const TICK_MS = 1

export class Traffic implements LoadListener {
  readonly #senders: Senders
  readonly #share: Share
  readonly #plan: TrafficPlan
  readonly #tally: Tally
  readonly #content: Buffer
  readonly #intended = new Float64Array(PLACES)
  /** Deliveries a message still waits for. */
  readonly #awaited = new Uint16Array(PLACES)
  readonly #errors: Record<string, number> = {}
  readonly #stamp: Stamp = { number: 0, intended: 0 }
  #sent = 0
  #complete = 0
  #lost = 0
  #isRunning = false
  #isWoken = false

  constructor(senders: Senders, share: Share) {
    this.#senders = senders
    this.#share = share
    this.#plan = share.plan
    this.#tally = new Tally(share.start, share.plan.seconds)
    this.#content = Buffer.alloc(Math.max(share.plan.bytes, STAMP_BYTES), 'rookery ')
  }

  /** Resolves when the time is over. */
  async run(): Promise<void> {
    const end = this.#share.start + this.#plan.seconds * 1000
    this.#isRunning = true
    await new Promise<void>((resolve) => {
      const ticking = setInterval(() => {
        if (monotonic() >= end) resolve(clearInterval(ticking))
        else this.#sendDue()
      }, TICK_MS)
    })
    this.#isRunning = false
  }

  counts(): TrafficCounts {
    const { acked, delivered } = this.#tally
    return { sent: this.#sent, acked, delivered, complete: this.#complete }
  }

  result(): TrafficResult {
    const { ackedInTime, deliveredInTime, ack, delivery, timeline } = this.#tally
    return {
      ...this.counts(),
      ...{ ackedInTime, deliveredInTime, timeline, errors: this.#errors, lost: this.#lost },
      ...{ seconds: this.#plan.seconds, ack: ack.data(), delivery: delivery.data() },
    }
  }

  /** Without a place for the content (an echo that is an ack) the message arrived with its ack. */
  acked(_at: number, number: number): void {
    const nth = this.#nthOf(number)
    if (nth < 0 || nth >= this.#sent) return
    const now = monotonic()
    const intended = this.#intended[nth % PLACES] ?? now
    this.#tally.addAck(now, intended)
    if (this.#plan.pattern !== 'echo') return
    this.#tally.addDelivery(now, intended)
    this.#countDown(nth)
  }

  /** The sender's own device may be pushed its messages too: those are no deliveries, unless echoes are asked for. */
  delivered(at: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== this.#content.length) return
    const stamp = this.#stamp
    readStamp(bytes, start, stamp)
    if (stamp.intended < this.#share.start) return
    const nth = this.#nthOf(stamp.number)
    const isOwn = Number.isInteger(nth)
    if (isOwn && this.#plan.pattern !== 'echo' && this.#senders.senderOf(nth) === at) return
    this.#tally.addDelivery(monotonic(), stamp.intended)
    if (isOwn) this.#countDown(nth)
  }

  failed(_at: number, error: string): void {
    this.#errors[error] = (this.#errors[error] ?? 0) + 1
  }

  lost(): void {
    this.#lost += 1
  }

  #nthOf(number: number): number {
    return (number - this.#share.first) / this.#share.step
  }

  #countDown(nth: number): void {
    const place = nth % PLACES
    const left = (this.#awaited[place] ?? 1) - 1
    this.#awaited[place] = left
    if (left !== 0) return
    this.#complete += 1
    if (this.#plan.pressure.kind === 'closed') this.#wake()
  }

  /** What was completed in one turn is replaced at its end. */
  #wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      if (this.#isRunning) this.#sendDue()
    })
  }

  #sendDue(): void {
    const { pressure } = this.#plan
    const { start } = this.#share
    const now = monotonic()
    if (now < start) return
    if (pressure.kind === 'closed') {
      while (this.#sent - this.#complete < pressure.window) this.#send(now)
      return
    }
    const gap = 1000 / pressure.rate
    for (let due = start + this.#sent * gap; due <= now; due = start + this.#sent * gap) this.#send(due)
  }

  #send(intended: number): void {
    const nth = this.#sent++
    const number = this.#share.first + nth * this.#share.step
    const recipients = this.#senders.recipientsOf(nth)
    this.#intended[nth % PLACES] = intended
    this.#awaited[nth % PLACES] = recipients
    if (recipients === 0) this.#complete += 1
    writeStamp(this.#content, number, intended)
    this.#senders.send(nth, number, this.#content)
  }
}
