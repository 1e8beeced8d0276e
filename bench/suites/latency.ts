/**
 * Latency: what a durable one-to-one message takes at fixed rates, from its intended sending to its ack and to its delivery, held against
 * a lone fenced append to the same nats-server in the same run.
 */
import { contendersMethod } from '../contenders.js'
import { LONE, loneAppend } from '../fenced-append.js'
import { latencyPlot } from '../plots.js'
import { rookerySystem } from '../rookery-system.js'
import { atMost } from '../rows.js'
import type { Measurement, Plot, Suite } from '../suite.js'
import { atRate, BYTES, runTraffic, saturated, TRAFFIC_METHOD, type TrafficRun } from '../traffic-run.js'
import { runTurns, type Turns } from '../turns.js'

const FULL = runOf(5000, [5000, 15_000], 10)
const QUICK = runOf(50, [500], 1)
const MARKS = { p50: atMost(5), p99: atMost(25), 'p99.9': atMost(100) } as const
const WAYS = ['send to ack', 'send to delivery'] as const

export const latency: Suite = {
  name: 'latency',
  line: 'durable one-to-one messages at fixed rates: send to ack and to delivery against a lone fenced append',
  async run(context) {
    const run = context.quick ? QUICK : FULL
    const measure = () =>
      runTraffic(rookerySystem, run, context, { before: (running) => loneAppend(running, run.warmUpSeconds, BYTES) })
    const turns = await runTurns({ suite: 'latency', systems: [rookerySystem], context, measure })
    const whats = run.phases.flatMap(({ name }) => WAYS.map((way) => `${name}: ${way}`))
    return {
      measurements: [
        ...whats.flatMap((what) => ratios(turns, what)),
        ...turns.measurements(),
        ...turns.noise([...whats, LONE].map((what) => `${what}, p99`)),
      ],
      method: [
        `${String(run.connections / 2)} pairs, both directions in turn; before the load one writer appends to a stream of its own on the same server, one at a time.`,
        ...TRAFFIC_METHOD,
        ...contendersMethod([rookerySystem], context),
      ],
      plots: [together(turns, [...whats, LONE])],
    }
  },
}

const ratios = (turns: Turns, what: string): Measurement[] =>
  Object.entries(MARKS).flatMap(([rank, mark]) =>
    turns.ratio({
      ...{ name: `${what}, ${rank}, against a lone fenced append`, of: [`${what}, ${rank}`], mark },
      against: { system: rookerySystem.name, metrics: [`${LONE}, ${rank}`] },
    }),
  )

/** One picture, a line for each way and rate. */
function together(turns: Turns, whats: readonly string[]): Plot {
  const plots = whats.map((what) => latencyPlot(turns, what))
  const lines = plots.flatMap(({ lines }, at) => lines.map(({ points }) => ({ name: whats[at] ?? '', points })))
  return { ...(plots[0] as Plot), title: 'Latency of the slowest', lines }
}

function runOf(pairs: number, rates: readonly number[], seconds: number): TrafficRun {
  const full = saturated(pairs)
  return {
    ...{ pattern: 'direct', connections: 2 * pairs, seconds, warmUp: full, warmUpSeconds: Math.min(seconds, 3) },
    phases: rates.map(atRate),
  }
}
