/**
 * Smoke: one node with embedded servers, as `npm start` runs it. Durable one-to-one messages at saturation and at a fixed
 * rate, with the CPU of every server process, and what an idle session costs in memory.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { residentBytes, usageBetween, type Usage } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { Latency, type LatencyData } from '../latency.js'
import { withLoad, type LoadProcess } from '../load/load-process.js'
import type { DirectResult, Pressure } from '../load/orders.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'

const BYTES = 128
const RATE = 7500
/** Four messages under way per pair: saturates the node without more waiting than that takes. */
const WINDOW_PER_PAIR = 4
const SETTLE_MS = 30_000

const MARKS = {
  throughput: { at: 'least', value: 15_000 },
  latency: { at: 'most', value: 10 },
  memory: { at: 'most', value: 2.5 },
} as const satisfies Record<string, Mark>

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
  return withLoad(1, async ([load]) => {
    if (load === undefined) throw new Error('no load generator')
    const range = { urls: cluster.urls, secret: cluster.secret, prefix: 'smoke-', first: 0, count: 2 * size.pairs }
    context.note('opening sessions')
    await load.connect(range)
    const closed: Pressure = { kind: 'closed', window: WINDOW_PER_PAIR * size.pairs }
    context.note('warming up')
    await load.direct({ pressure: closed, seconds: size.warmUpSeconds, bytes: BYTES })
    context.note('saturating')
    const saturated = await observe(cluster, load, closed, size.seconds)
    context.note(`sending at ${String(RATE)}/s`)
    const paced = await observe(cluster, load, { kind: 'open', rate: RATE }, size.seconds)
    return [
      ...directRows('saturated', saturated, MARKS.throughput),
      ...directRows(`at ${String(RATE)}/s`, paced, undefined, MARKS.latency),
    ]
  })
}

interface Observed {
  readonly result: DirectResult
  readonly usage: Usage
  readonly loadCpu: number
}

async function observe(
  cluster: LocalCluster,
  load: LoadProcess,
  pressure: Pressure,
  seconds: number,
): Promise<Observed> {
  const [before, loadBefore] = [cluster.usage(), load.cpu]
  const result = await load.direct({ pressure, seconds, bytes: BYTES })
  return { result, usage: usageBetween(before, cluster.usage()), loadCpu: load.cpu - loadBefore }
}

function directRows(phase: string, { result, usage, loadCpu }: Observed, rate?: Mark, latency?: Mark): Measurement[] {
  const perThousand = (cpu: number) => (cpu * 1_000_000) / Math.max(result.sent - result.missing, 1)
  const servers = Object.entries(usage).map(([name, { cpu }]) => [name, perThousand(cpu)] as const)
  const cpuRows = [...servers, ['all servers', servers.reduce((sum, [, cpu]) => sum + cpu, 0)] as const]
  return [
    row(`${phase}: acked and delivered`, result.done / result.seconds, 'messages/s', rate),
    row(`${phase}: offered`, result.sent / result.seconds, 'messages/s'),
    row(`${phase}: not done 10 s after the end`, result.missing, 'messages'),
    row(`${phase}: error replies`, result.errors, 'errors'),
    ...latencyRows(`${phase}: send to ack`, result.ack, latency),
    ...latencyRows(`${phase}: send to delivery`, result.delivery, latency),
    ...cpuRows.map(([name, cpu]) => row(`${phase}: CPU of ${name}`, cpu, 'ms per 1,000 messages')),
    row(`${phase}: CPU of the load generator`, (100 * loadCpu) / result.seconds, '% of a core'),
  ]
}

function latencyRows(what: string, data: LatencyData, mark: Mark | undefined): Measurement[] {
  const { p50, p90, p99, p999, max } = new Latency(data.counts, data.max).percentiles()
  const others = Object.entries({ p90, p99, 'p99.9': p999, max })
  return [row(`${what}, p50`, p50, 'ms', mark), ...others.map(([name, value]) => row(`${what}, ${name}`, value, 'ms'))]
}

function measureIdle(cluster: LocalCluster, { idle }: Size, context: SuiteContext): Promise<Measurement[]> {
  const [node] = cluster.nodes as [ClusterNode]
  return withLoad(2, async (load) => {
    const empty = await settledMemory(node)
    context.note(`opening ${String(idle)} idle sessions`)
    const count = idle / load.length
    const range = { urls: cluster.urls, secret: cluster.secret, prefix: 'idle-', count }
    const seconds = await Promise.all(load.map((one, at) => one.connect({ ...range, first: at * count })))
    const sessions = (await node.metric('rookery_sessions')) ?? 0
    if (sessions !== idle) throw new Error(`${String(sessions)} sessions by the node's metric, not ${String(idle)}`)
    context.note('letting memory settle')
    const full = await settledMemory(node)
    return [
      row('idle: memory per session', (full - empty) / idle / 1024, 'KiB', MARKS.memory),
      row('idle: memory of the empty node', empty / 2 ** 20, 'MiB'),
      row('idle: sessions', idle, 'sessions'),
      row('idle: authenticated', idle / Math.max(...seconds), 'sessions/s'),
    ]
  })
}

/** The least resident memory seen until it has not fallen for five seconds: garbage of the connecting is not a session's cost. */
async function settledMemory({ pid }: ClusterNode): Promise<number> {
  let least = residentBytes(pid)
  let quiet = 0
  for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline && quiet < 5; quiet++) {
    await pause(1000)
    const now = residentBytes(pid)
    if (now < least) quiet = 0
    least = Math.min(least, now)
  }
  return least
}

const row = (metric: string, value: number, unit: string, mark?: Mark): Measurement => ({
  ...{ suite: 'smoke', system: 'rookery', metric, value, unit },
  ...(mark === undefined ? {} : { mark }),
})
