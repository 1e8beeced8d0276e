/**
 * Fleet: the generators of a suite as one. It shares out connections and traffic, waits until what was sent has arrived, and
 * adds up what they counted. One generator for about 15,000 connections.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import type { GeneratorTasks } from './generator.js'
import { LoadProgram } from './load-program.js'
import type { Connected, GroupPlan, Pressure, Timeline, TrafficPlan, TrafficResult } from './orders.js'
import type { Target } from './target.js'

const GENERATOR = new URL('./generator.js', import.meta.url)
/** Until all generators have their order. */
const HEAD_START_MS = 50
const DRAIN_MS = 10_000
const DRAIN_STEP_MS = 100

export interface FleetRange {
  readonly target: Target
  readonly prefix: string
  readonly count: number
  readonly mayLose?: boolean
}

export interface FleetResult extends TrafficResult {
  /** Deliveries that had not happened ten seconds after the end. */
  readonly missing: number
  /** Acks that had not come by then; 0 for a system that never acks. */
  readonly unacked: number
}

export class Fleet {
  readonly processes: readonly LoadProgram<GeneratorTasks>[]
  #recipients = 1
  /** Messages so far, so that no number comes twice. */
  #sent = 0

  constructor(size: number) {
    this.processes = Array.from({ length: size }, () => new LoadProgram<GeneratorTasks>(GENERATOR))
  }

  /** Pairs and, when there are more groups than generators, groups stay on one generator: multiples of `unit` do. */
  async connect({ count, ...range }: FleetRange, unit = 2): Promise<Connected> {
    const each = Math.ceil(count / unit / this.processes.length) * unit
    const reports = await this.#all((load, index) => {
      const first = Math.min(index * each, count)
      return load.ask('connect', { ...range, first, count: Math.min(each, count - first) })
    })
    const seconds = Math.max(...reports.map((report) => report.seconds))
    return { seconds, latency: together(reports.map(({ latency }) => latency)) }
  }

  /** One generator after the other: who comes first makes the group. */
  async join(plan: GroupPlan): Promise<void> {
    for (const load of this.processes) await load.ask('join', plan)
    this.#recipients = plan.size - 1
  }

  /** Resolves when everything sent has arrived, or ten seconds after the time is over. */
  async run(plan: TrafficPlan): Promise<FleetResult> {
    const [step, start] = [this.processes.length, monotonic() + HEAD_START_MS]
    const share = { plan: { ...plan, pressure: shareOf(plan.pressure, step) }, start, step }
    const base = this.#sent * step
    const counts = await this.#all((load, index) => load.ask('run', { ...share, first: base + index }))
    this.#sent += Math.max(...counts.map(({ sent }) => sent))
    const recipients = plan.pattern === 'group' ? this.#recipients : 1
    const expected = recipients * sum(counts.map(({ sent }) => sent))
    await this.#drain(expected)
    const result = added(await this.#all((load) => load.ask('finish', undefined)))
    const unacked = result.acked === 0 ? 0 : result.sent - result.acked
    return { ...result, missing: expected - result.delivered, unacked }
  }

  async close(): Promise<void> {
    await this.#all((load) => load.ask('close', undefined))
  }

  /** CPU seconds of each generator so far. */
  get cpu(): number[] {
    return this.processes.map((load) => load.cpu)
  }

  async end(): Promise<void> {
    await this.#all((load) => load.end())
  }

  async #drain(expected: number): Promise<void> {
    for (const deadline = monotonic() + DRAIN_MS; monotonic() < deadline; await pause(DRAIN_STEP_MS)) {
      const counts = await this.#all((load) => load.ask('counts', undefined))
      const isAcked = counts.every(({ sent, acked }) => acked === 0 || acked >= sent)
      if (isAcked && sum(counts.map(({ delivered }) => delivered)) >= expected) return
    }
  }

  #all<T>(ask: (load: LoadProgram<GeneratorTasks>, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.processes.map(ask))
  }
}

/** Runs `program` with so many generators and ends them afterwards. */
export async function withFleet<T>(size: number, program: (fleet: Fleet) => Promise<T>): Promise<T> {
  const fleet = new Fleet(size)
  try {
    return await program(fleet)
  } finally {
    await fleet.end()
  }
}

function shareOf(pressure: Pressure, parts: number): Pressure {
  return pressure.kind === 'open'
    ? { kind: 'open', rate: pressure.rate / parts }
    : { kind: 'closed', window: Math.max(Math.round(pressure.window / parts), 1) }
}

function added(results: readonly TrafficResult[]): TrafficResult {
  const total = (of: (result: TrafficResult) => number) => sum(results.map(of))
  return {
    sent: total(({ sent }) => sent),
    acked: total(({ acked }) => acked),
    delivered: total(({ delivered }) => delivered),
    complete: total(({ complete }) => complete),
    ackedInTime: total(({ ackedInTime }) => ackedInTime),
    deliveredInTime: total(({ deliveredInTime }) => deliveredInTime),
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
    lost: total(({ lost }) => lost),
    errors: errorsOf(results),
    ack: together(results.map(({ ack }) => ack)),
    delivery: together(results.map(({ delivery }) => delivery)),
    timeline: timelineOf(results.map(({ timeline }) => timeline)),
  }
}

function errorsOf(results: readonly TrafficResult[]): Record<string, number> {
  const errors: Record<string, number> = {}
  for (const [error, count] of results.flatMap((result) => Object.entries(result.errors))) {
    errors[error] = (errors[error] ?? 0) + count
  }
  return errors
}

function together(all: readonly LatencyData[]): LatencyData {
  const latency = new Latency()
  for (const one of all) latency.add(one)
  return latency.data()
}

function timelineOf(all: readonly Timeline[]): Timeline {
  const merged = (of: (timeline: Timeline) => Float64Array, merge: (values: number[]) => number) =>
    Float64Array.from(of(all[0] as Timeline), (_, step) => merge(all.map((timeline) => of(timeline)[step] ?? 0)))
  return {
    acked: merged(({ acked }) => acked, sum),
    delivered: merged(({ delivered }) => delivered, sum),
    slowest: merged(
      ({ slowest }) => slowest,
      (values) => Math.max(...values),
    ),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
