/**
 * Tally: everything a replay counts, from the reports of its workers to the outcome.
 */
import { Latency } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { noFindings, together, type Findings } from './findings.js'
import type { Report, WorkerCounters } from './orders.js'
import type { Outcome } from './outcome.js'
import type { StrikeReport } from './strike.js'

type Verdict = Extract<Report, { report: 'finished' }>
type LastWords = Extract<Report, { report: 'stopped' }>

export class Tally {
  readonly start = monotonic()
  acked = 0
  refused = 0
  delivered = 0
  readonly #ack = new Latency()
  readonly #delivery = new Latency()
  readonly #counters = { connects: 0, drops: 0, absences: 0, late: 0, unrecovered: 0 }
  #findings = noFindings()
  #conversations = 0
  #devices = 0
  #lastAck = this.start
  #end = this.start

  found(findings: Findings): void {
    this.#findings = together(this.#findings, findings)
  }

  ackedAfter(milliseconds: number): void {
    this.acked += 1
    this.#lastAck = monotonic()
    this.#ack.record(milliseconds)
  }

  over(): void {
    this.#conversations += 1
  }

  verdict({ findings, delivered, devices }: Verdict): void {
    this.found(findings)
    this.delivered += delivered
    this.#devices += devices
    this.#end = monotonic()
  }

  lastWords({ latency, counters }: LastWords): void {
    this.#delivery.add(latency)
    for (const name of Object.keys(this.#counters) as (keyof WorkerCounters)[]) this.#counters[name] += counters[name]
  }

  outcome(messages: number, strikes: readonly StrikeReport[]): Outcome {
    return {
      findings: this.#findings,
      messages,
      acked: this.acked,
      refused: this.refused,
      delivered: this.delivered,
      conversations: this.#conversations,
      devices: this.#devices,
      ackSeconds: (this.#lastAck - this.start) / 1000,
      seconds: (this.#end - this.start) / 1000,
      ack: this.#ack.percentiles(),
      delivery: this.#delivery.percentiles(),
      workers: this.#counters,
      strikes,
    }
  }
}
