/**
 * Smoke: one node with embedded servers, as `npm start` runs it. Durable one-to-one messages at saturation and at a fixed
 * rate, with the CPU of every server process, and what an idle session costs in memory.
 */
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { observe, trafficFigures, type Observed } from '../figures.js'
import { withFleet } from '../load/fleet.js'
import type { TrafficPlan } from '../load/orders.js'
import { settledMemory } from '../memory.js'
import { runningRookery } from '../rookery-system.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'

const BYTES = 128
const RATE = 7500
/** Four messages under way per pair: saturates the node without more waiting than that takes. */
const WINDOW_PER_PAIR = 4

const MEMORY = 'idle: memory per session'

const MARKS: Readonly<Record<string, Mark>> = {
  'saturated: delivered': { at: 'least', value: 15_000 },
  [`at ${String(RATE)}/s: send to ack, p50`]: { at: 'most', value: 10 },
  [`at ${String(RATE)}/s: send to delivery, p50`]: { at: 'most', value: 10 },
  [MEMORY]: { at: 'most', value: 2.5 },
}

interface Size {
  readonly pairs: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly idle: number
}

const FULL: Size = { pairs: 500, seconds: 10, warmUpSeconds: 3, idle: 15_000 }
const QUICK: Size = { pairs: 50, seconds: 2, warmUpSeconds: 1, idle: 1000 }

export const smoke: Suite = {
  name: 'smoke',
  line: 'one node with embedded servers: durable one-to-one messages, their latency and CPU, memory of idle sessions',
  async run(context) {
    const size = context.quick ? QUICK : FULL
    const own = { nodes: 1, selfContained: true }
    const direct = await withLocalCluster(own, (cluster) => measureDirect(cluster, size, context))
    const idle = await withLocalCluster(own, (cluster) => measureIdle(cluster, size, context))
    return { measurements: [...direct, ...idle], method: method(size) }
  },
}

function method({ pairs, seconds, warmUpSeconds, idle }: Size): string[] {
  return [
    `${String(pairs)} pairs, bodies of ${String(BYTES)} B, both directions in turn; acked after the journal, delivered, delivery acked;`,
    `${String(warmUpSeconds)} s warm-up, then ${String(seconds)} s saturated (closed loop), then ${String(seconds)} s at ${String(RATE)}/s (open loop, from the intended send time);`,
    `idle: ${String(idle)} authenticated sessions on a fresh node, resident memory before and after; raw clients in processes of their own.`,
  ]
}

function measureDirect(cluster: LocalCluster, size: Size, context: SuiteContext): Promise<Measurement[]> {
  return withFleet(1, async (fleet) => {
    const running = runningRookery(cluster)
    context.note('opening sessions')
    await fleet.connect({ target: running.target, prefix: 'smoke-', count: 2 * size.pairs })
    const closed: TrafficPlan = {
      ...{ pattern: 'direct', pressure: { kind: 'closed', window: WINDOW_PER_PAIR * size.pairs } },
      ...{ seconds: size.seconds, bytes: BYTES },
    }
    context.note('warming up')
    await fleet.run({ ...closed, seconds: size.warmUpSeconds })
    context.note('saturating')
    const saturated = await observe(running, fleet, closed)
    context.note(`sending at ${String(RATE)}/s`)
    const paced = await observe(running, fleet, { ...closed, pressure: { kind: 'open', rate: RATE } })
    return [...directRows('saturated', saturated), ...directRows(`at ${String(RATE)}/s`, paced)]
  })
}

const directRows = (phase: string, observed: Observed): Measurement[] =>
  Object.entries(trafficFigures(phase, observed)).map(([metric, { value, unit }]) =>
    row(metric, value, unit, MARKS[metric]),
  )

function measureIdle(cluster: LocalCluster, { idle }: Size, context: SuiteContext): Promise<Measurement[]> {
  const [node] = cluster.nodes as [ClusterNode]
  const running = runningRookery(cluster)
  return withFleet(2, async (fleet) => {
    const empty = await settledMemory(() => running.memory())
    context.note(`opening ${String(idle)} idle sessions`)
    const { seconds } = await fleet.connect({ target: running.target, prefix: 'idle-', count: idle })
    const sessions = (await node.metric('rookery_sessions')) ?? 0
    if (sessions !== idle) throw new Error(`${String(sessions)} sessions by the node's metric, not ${String(idle)}`)
    context.note('letting memory settle')
    const full = await settledMemory(() => running.memory())
    return [
      row(MEMORY, (full - empty) / idle / 1024, 'KiB', MARKS[MEMORY]),
      row('idle: memory of the empty node', empty / 2 ** 20, 'MiB'),
      row('idle: sessions', idle, 'sessions'),
      row('idle: authenticated', idle / seconds, 'sessions/s'),
    ]
  })
}

const row = (metric: string, value: number, unit: string, mark?: Mark): Measurement => ({
  ...{ suite: 'smoke', system: 'rookery', metric, value, unit },
  ...(mark === undefined ? {} : { mark }),
})
