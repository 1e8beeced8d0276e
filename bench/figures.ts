/**
 * Figures: what one run of one system gave, by metric; made here from what the load generators counted and what the processes of the
 * system used meanwhile.
 */
import { usageBetween, type Usage } from './accounting.js'
import { Latency, type LatencyData } from './latency.js'
import type { Fleet, FleetResult } from './load/fleet.js'
import type { TrafficPlan } from './load/orders.js'
import type { RunningSystem } from './system.js'

export interface Figure {
  readonly value: number
  readonly unit: string
}

export type Figures = Readonly<Record<string, Figure>>

export interface Observed {
  readonly result: FleetResult
  /** What every server process used, from the first message until everything had arrived and was archived. */
  readonly usage: Usage
  /** Share of a core of the busiest generator, while it sent. */
  readonly generatorLoad: number
}

/** Runs traffic and reads what it cost. */
export async function observe(running: RunningSystem, fleet: Fleet, plan: TrafficPlan): Promise<Observed> {
  const [before, cpuBefore, start] = [running.usage(), fleet.cpu, Date.now()]
  const result = await fleet.run(plan)
  const seconds = (Date.now() - start) / 1000
  const generatorLoad = Math.max(...fleet.cpu.map((cpu, index) => (cpu - (cpuBefore[index] ?? 0)) / seconds))
  await running.settled?.()
  return { result, usage: usageBetween(before, running.usage()), generatorLoad }
}

/** `phase` begins the name of every metric. */
export function trafficFigures(phase: string, { result, usage, generatorLoad }: Observed): Figures {
  const { sent, acked, deliveredInTime, ackedInTime, missing, unacked, errors, seconds } = result
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
  return {
    [`${phase}: offered`]: { value: sent / seconds, unit: 'messages/s' },
    [`${phase}: delivered`]: { value: deliveredInTime / seconds, unit: 'deliveries/s' },
    ...(acked > 0 && { [`${phase}: acked`]: { value: ackedInTime / seconds, unit: 'messages/s' } }),
    [`${phase}: not delivered 10 s after the end`]: { value: missing, unit: 'deliveries' },
    ...(acked > 0 && { [`${phase}: not acked 10 s after the end`]: { value: unacked, unit: 'messages' } }),
    [`${phase}: error replies`]: { value: failed, unit: 'errors' },
    ...latencyFigures(`${phase}: send to delivery`, result.delivery),
    ...(acked > 0 && latencyFigures(`${phase}: send to ack`, result.ack)),
    ...cpuFigures(phase, usage, result.delivered),
    [`${phase}: CPU of the busiest load generator`]: { value: 100 * generatorLoad, unit: '% of a core' },
  }
}

export function latencyFigures(what: string, data: LatencyData): Figures {
  const { p50, p90, p99, p999, max } = new Latency(data.counts, data.max).percentiles()
  const rows = Object.entries({ p50, p90, p99, 'p99.9': p999, max })
  return Object.fromEntries(rows.map(([name, value]) => [`${what}, ${name}`, { value, unit: 'ms' }]))
}

/** Of every server process that used any, and of all. */
export function cpuFigures(phase: string, usage: Usage, delivered: number): Figures {
  const unit = 'ms per 1,000 delivered'
  const each = Object.entries(usage).map(([name, { cpu }]) => [name, (cpu * 1e6) / Math.max(delivered, 1)] as const)
  const all = each.reduce((sum, [, cpu]) => sum + cpu, 0)
  const rows = [...each.filter(([, cpu]) => cpu > 0), ['all servers', all] as const]
  return Object.fromEntries(rows.map(([name, value]) => [`${phase}: CPU of ${name}`, { value, unit }]))
}
