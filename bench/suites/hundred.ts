/**
 * Hundred: a hundred thousand authenticated sessions on one machine and one port, held by several workers, all in groups of fifty, with live traffic
 * at rising rates, the marked one for ten minutes.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { usageBetween } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { withFleet, type Fleet, type FleetResult } from '../load/fleet.js'
import type { Timeline } from '../load/orders.js'
import { settledMemory } from '../memory.js'
import { runningRookery } from '../rookery-system.js'
import { atLeast, atMost, cpuRows, latencyRows, rowsOf } from '../rows.js'
import type { Mark, Measurement, Plot, Suite, SuiteContext, SuiteResult } from '../suite.js'

const BYTES = 128
const GROUP_SIZE = 50
const HELD_MS = 60_000
const row = rowsOf('hundred')

interface Size {
  readonly sessions: number
  readonly workers: number
  /** Processes that hold the other ends; as many loopback addresses are dialled, for their ports. */
  readonly generators: number
  /** One after the other; the marks are about the last. */
  readonly phases: readonly Phase[]
  readonly quietSeconds: number
}

interface Phase {
  /** Messages per second. */
  readonly rate: number
  readonly seconds: number
}

const PHASES: Phase[] = [
  { rate: 100, seconds: 60 },
  { rate: 200, seconds: 60 },
  { rate: 500, seconds: 600 },
]
const FULL: Size = { sessions: 100_000, workers: 6, generators: 6, phases: PHASES, quietSeconds: 5 }
const QUICK: Size = {
  ...{ sessions: 1000, workers: 2, generators: 2, quietSeconds: 0 },
  phases: [
    { rate: 20, seconds: 1 },
    { rate: 50, seconds: 2 },
  ],
}

export const hundred: Suite = {
  name: 'hundred',
  line: '100,000 sessions on one port of one machine, in groups of 50, with live traffic for ten minutes',
  run: (context) => {
    const size = context.quick ? QUICK : FULL
    const env = { ROOKERY_HOST: '0.0.0.0', ROOKERY_WORKERS: String(size.workers) }
    return withLocalCluster({ nodes: 1, env }, (cluster) =>
      withFleet(size.generators, (fleet) => measure(cluster, fleet, size, context)),
    )
  },
}

async function measure(cluster: LocalCluster, fleet: Fleet, size: Size, context: SuiteContext): Promise<SuiteResult> {
  const [node] = cluster.nodes as [ClusterNode]
  const { sessions, phases, quietSeconds } = size
  const memory = () => settledMemory(() => cluster.usage()[node.name]?.memory ?? 0, quietSeconds)
  const empty = await memory()
  context.note(`opening ${String(sessions)} sessions`)
  const target = { ...runningRookery(cluster).target, urls: addresses(node.url, size.generators) }
  const connected = await fleet.connect({ target, prefix: 'hundred-', count: sessions }, GROUP_SIZE)
  context.progress(0.1)
  const idle = await memory()
  context.note('joining groups')
  await fleet.join({ group: 'hundred', size: GROUP_SIZE })
  await runningRookery(cluster).settled?.()
  const grouped = await memory()
  context.progress(0.2)
  const runs: Run[] = []
  for (const phase of phases) {
    context.note(`${String(phase.rate)} messages/s for ${String(phase.seconds)} s`)
    runs.push(await traffic(cluster, fleet, phase, phase === phases.at(-1)))
  }
  await runningRookery(cluster).settled?.()
  const held = await sessionsHeld(node, sessions)
  return {
    measurements: [
      row('sessions held to the end', held, 'sessions', atLeast(sessions)),
      row('authenticated', sessions / connected.seconds, 'sessions/s'),
      ...memoryRows({ empty, idle, grouped }, sessions),
      ...runs.flatMap(({ measurements }) => measurements),
    ],
    method: method(size),
    plots: runs.map(({ plot }) => plot),
  }
}

/** Workers that are too busy to answer are asked again. */
async function sessionsHeld(node: ClusterNode, wanted: number): Promise<number> {
  let held = 0
  for (const deadline = Date.now() + HELD_MS; held < wanted && Date.now() < deadline; await pause(1000))
    held = (await node.metric('rookery_sessions').catch(() => undefined)) ?? 0
  return held
}

interface Run {
  readonly measurements: Measurement[]
  readonly plot: Plot
}

async function traffic(cluster: LocalCluster, fleet: Fleet, { rate, seconds }: Phase, isMarked: boolean): Promise<Run> {
  const [before, load] = [cluster.usage(), sum(fleet.cpu)]
  const result = await fleet.run({ pattern: 'group', pressure: { kind: 'open', rate }, seconds, bytes: BYTES })
  const usage = usageBetween(before, cluster.usage())
  const phase = `at ${String(rate)}/s`
  const loadCpu = (100 * (sum(fleet.cpu) - load)) / seconds
  return {
    measurements: [
      ...trafficRows(phase, result, rate, isMarked),
      ...cpuRows(row, phase, usage),
      row(`${phase}: CPU of all load generators`, loadCpu, '% of a core'),
    ],
    plot: plot(phase, result.timeline, seconds),
  }
}

/** The same port by several loopback addresses: each has as many ports of its own for the other ends. */
const addresses = (url: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => url.replace('127.0.0.1', `127.0.0.${String(at + 1)}`))

interface Memory {
  readonly empty: number
  readonly idle: number
  readonly grouped: number
}

const memoryRows = ({ empty, idle, grouped }: Memory, sessions: number): Measurement[] => [
  row('memory of all workers and their supervisor, empty', empty / 2 ** 20, 'MiB'),
  row('memory per idle session', (idle - empty) / sessions / 1024, 'KiB'),
  row('memory per session in a group', (grouped - empty) / sessions / 1024, 'KiB'),
]

function trafficRows(phase: string, result: FleetResult, rate: number, isMarked: boolean): Measurement[] {
  const { ackedInTime, deliveredInTime, missing, unacked, lost, errors, seconds } = result
  const failed = Object.values(errors).reduce((total, count) => total + count, 0)
  const marked = (mark: Mark) => (isMarked ? mark : undefined)
  return [
    row(`${phase}: acked`, ackedInTime / seconds, 'messages/s', marked(atLeast(0.99 * rate))),
    row(`${phase}: delivered`, deliveredInTime / seconds, 'deliveries/s'),
    row(`${phase}: not delivered 10 s after the end`, missing, 'deliveries', marked(atMost(0))),
    row(`${phase}: not acked 10 s after the end`, unacked, 'messages', marked(atMost(0))),
    row(`${phase}: error replies`, failed, 'errors', marked(atMost(0))),
    row(`${phase}: sessions lost`, lost, 'sessions', marked(atMost(0))),
    ...latencyRows(row, `${phase}: send to ack`, result.ack),
    ...latencyRows(row, `${phase}: send to delivery`, result.delivery, isMarked ? { p99: atMost(100) } : {}),
  ]
}

function plot(phase: string, { delivered, slowest }: Timeline, seconds: number): Plot {
  const tenths = Array.from({ length: seconds }, (_, second) => second * 10)
  const worst = tenths.map((from) => [from / 10, Math.max(0.1, ...slowest.subarray(from, from + 10))] as const)
  const count = tenths.map((from) => [from / 10, Math.max(1, sum([...delivered.subarray(from, from + 10)]))] as const)
  return {
    title: `Deliveries per second, and the slowest of each second, ${phase}`,
    x: { title: 'seconds', scale: 'linear' },
    y: { title: 'deliveries/s, ms', scale: 'log' },
    lines: [
      { name: 'deliveries/s', points: count },
      { name: 'slowest delivery, ms', points: worst },
    ],
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const method = ({ sessions, workers, generators, phases }: Size): string[] => [
  `${String(sessions)} authenticated sessions (JWT) with presence, directory and heartbeats on ${String(workers)} workers behind one port, nats-server, Postgres and Redis, all on this machine;`,
  `the other ends in ${String(generators)} processes, which dial as many loopback addresses of the same listener;`,
  `all in groups of ${String(GROUP_SIZE)}; messages of ${String(BYTES)} B in an open loop, ${phases.map(({ rate, seconds }) => `${String(rate)}/s for ${String(seconds)} s`).join(', then ')}; latency from the intended send time.`,
]
