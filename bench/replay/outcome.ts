/**
 * Outcome: what a replay ended with, and how it is told: to people as lines, to programs as one object.
 */
import type { Percentiles } from '../latency.js'
import type { Usage } from '../accounting.js'
import { isClean, type Findings } from './findings.js'
import type { WorkerCounters } from './orders.js'
import type { StrikeReport } from './strike.js'

export interface Outcome {
  readonly findings: Findings
  readonly messages: number
  readonly acked: number
  readonly refused: number
  readonly delivered: number
  readonly conversations: number
  readonly devices: number
  /** From the first line to the last ack, and until everything was compared. */
  readonly ackSeconds: number
  readonly seconds: number
  readonly ack: Percentiles
  readonly delivery: Percentiles
  readonly workers: WorkerCounters
  readonly strikes: readonly StrikeReport[]
}

/** Nothing went against a promise, and every message of the file was acked. */
export const isGood = ({ findings, messages, acked, workers }: Outcome): boolean =>
  isClean(findings) && acked === messages && workers.late === 0 && workers.unrecovered === 0

export function outcomeLines(outcome: Outcome, usage: Usage): string[] {
  const { findings, workers } = outcome
  return [
    `messages    ${count(outcome.acked)} of ${count(outcome.messages)} acked in ${fixed(outcome.ackSeconds)} s (${rate(outcome.acked, outcome.ackSeconds)})`,
    `deliveries  ${count(outcome.delivered)} in ${fixed(outcome.seconds)} s (${rate(outcome.delivered, outcome.seconds)}), conversations ${count(outcome.conversations)}, devices ${count(outcome.devices)}`,
    `            history of every conversation compared; ${count(workers.drops)} sockets broken, ${count(workers.absences)} absences, ${count(workers.connects)} connects`,
    `latency     send to ack       ${percentileText(outcome.ack)}`,
    `            send to delivery  ${percentileText(outcome.delivery)}`,
    ...outcome.strikes.map(strikeLine),
    `CPU         ${usageText(usage)}`,
    ...findings.texts.map((text) => `! ${text}`),
    ...troubleLines(outcome),
    `lost ${String(findings.lost)}, duplicated ${String(findings.duplicated)}, out of order ${String(findings.outOfOrder)}`,
  ]
}

/** One flat object: counts first, times in seconds, latencies in milliseconds. */
export function outcomeObject(outcome: Outcome, usage: Usage): Record<string, unknown> {
  const { findings, messages, acked, delivered, ackSeconds, seconds, conversations, devices, refused } = outcome
  const { lost, duplicated, outOfOrder, texts } = findings
  const { late, unrecovered, connects, drops, absences } = outcome.workers
  return {
    ...{ acked, delivered, lost, duplicated, outOfOrder, seconds, ackSeconds },
    ...{ messages, refused, conversations, devices, late, unrecovered, connects, drops, absences },
    ...{ ack: outcome.ack, delivery: outcome.delivery, strikes: outcome.strikes, usage, texts },
  }
}

function troubleLines({ refused, workers }: Outcome): string[] {
  const lines = []
  if (refused > 0) lines.push(`! ${count(refused)} messages ended without an ack`)
  if (workers.late > 0) lines.push(`! ${count(workers.late)} entries came after the end of their conversation`)
  if (workers.unrecovered > 0) lines.push(`! ${count(workers.unrecovered)} positions could not be continued from`)
  return lines
}

function strikeLine({ what, atSeconds, backAfterSeconds, longestWaitSeconds, waitedOverSecond }: StrikeReport): string {
  const back = `back after ${fixed(backAfterSeconds)} s`
  const waits = `sends waited up to ${fixed(longestWaitSeconds)} s, ${count(waitedOverSecond)} over one second`
  return `struck      ${what} at ${fixed(atSeconds)} s, ${back}; ${waits}`
}

const percentileText = ({ p50, p90, p99, p999, max }: Percentiles) =>
  `p50 ${fixed(p50)}  p90 ${fixed(p90)}  p99 ${fixed(p99)}  p99.9 ${fixed(p999)}  max ${fixed(max)} ms`

const usageText = (usage: Usage) =>
  Object.entries(usage)
    .map(([name, { cpu, memory }]) => `${name} ${fixed(cpu)} s, ${String(Math.round(memory / 2 ** 20))} MiB`)
    .join('; ')

const count = (value: number) => value.toLocaleString('en-US')
const fixed = (value: number) => value.toFixed(value < 10 ? 2 : 1)
const rate = (amount: number, seconds: number) => `${count(Math.round(amount / Math.max(seconds, 0.001)))}/s`
