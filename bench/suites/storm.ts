/**
 * Storm: every line breaks and all come back at once, with 20 conversations each; from a node that has them in memory, and from one that was
 * started anew. Beside it the same number of bare handshakes, and what those notice who stayed.
 */
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { Latency, type LatencyData } from '../latency.js'
import { withFleet, type Fleet } from '../load/fleet.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import type { StormResult, StormTasks } from '../load/storm-program.js'
import { usageBetween, type Usage } from '../accounting.js'
import { runningRookery } from '../rookery-system.js'
import { atMost, cpuRows, latencyRows, percentilesOf, rowsOf } from '../rows.js'
import type { Measurement, Suite, SuiteContext } from '../suite.js'

const STORM = new URL('../load/storm-program.js', import.meta.url)
const GROUP_SIZE = 50
const GROUPS = 20
const BYTES = 128
const PROGRAMS = 2
/** Those who stayed are asked so often how they fare. */
const STEP_SECONDS = 0.5
const row = rowsOf('storm')

interface Size {
  readonly sessions: number
  /** Groups of ten who stay, and messages per second among them. */
  readonly stayedGroups: number
  readonly rate: number
  readonly calmSeconds: number
}

const FULL: Size = { sessions: 15_000, stayedGroups: 20, rate: 100, calmSeconds: 10 }
const QUICK: Size = { sessions: 500, stayedGroups: 4, rate: 50, calmSeconds: 1 }
const STAYED_SIZE = 10

export const storm: Suite = {
  name: 'storm',
  line: 'everybody reconnects at once and resumes 20 conversations, warm and cold; what others notice',
  async run(context) {
    const size = context.quick ? QUICK : FULL
    const bare = await measureBare(size, context)
    const rows = await withLocalCluster({ nodes: 1 }, (cluster) =>
      withPrograms<StormTasks, Measurement[]>(PROGRAMS, STORM, (storms) =>
        withFleet(1, (stayed) => measure({ cluster, storms, stayed, size, bare }, context)),
      ),
    )
    return { measurements: rows, method: method(size) }
  },
}

interface Parts {
  readonly cluster: LocalCluster
  readonly storms: readonly LoadProgram<StormTasks>[]
  readonly stayed: Fleet
  readonly size: Size
  /** Seconds that bare handshakes take; undefined without the peer. */
  readonly bare: number | undefined
}

/** The same number of handshakes with bare uWebSockets.js, when it is among the peers. */
async function measureBare({ sessions }: Size, context: SuiteContext): Promise<number | undefined> {
  const peer = context.peers.find(({ name }) => name === 'uws')
  if (peer === undefined) return undefined
  context.note('bare handshakes')
  const running = await peer.start({ nodes: 1 })
  const plan = { url: running.target.urls[0] ?? '', count: sessions / PROGRAMS }
  const open = (load: LoadProgram<StormTasks>) => load.ask('handshakes', plan)
  return withPrograms<StormTasks, number>(PROGRAMS, STORM, async (loads) => {
    await Promise.all(loads.map(open))
    return Math.max(...(await Promise.all(loads.map(open))))
  }).finally(() => running.stop())
}

async function measure(parts: Parts, context: SuiteContext): Promise<Measurement[]> {
  const { cluster, storms, stayed, size } = parts
  const [node] = cluster.nodes as [ClusterNode]
  context.note('making conversations')
  const range = { urls: cluster.urls, secret: cluster.secret }
  const running = runningRookery(cluster)
  await stayed.connect(
    { target: running.target, prefix: 'stayed-', count: size.stayedGroups * STAYED_SIZE },
    STAYED_SIZE,
  )
  await stayed.join({ group: 'stayed', size: STAYED_SIZE })
  const count = size.sessions / PROGRAMS
  const membersOf = (run: number) => ({ ...range, prefix: 'storm-', first: run * count, count })
  await Promise.all(
    storms.map((load, run) =>
      load.ask('members', { range: membersOf(run), groupSize: GROUP_SIZE, groups: GROUPS, run }),
    ),
  )
  context.progress(0.3)
  context.note('connecting for the first time')
  await Promise.all(storms.map((load) => load.ask('connect', undefined)))
  context.progress(0.4)
  context.note('everybody reconnects, warm')
  const warm = await observe(parts)
  context.progress(0.7)
  await Promise.all(storms.map((load) => load.ask('cut', undefined)))
  await stayed.close()
  await running.settled?.()
  await node.stop()
  await node.start()
  context.note('everybody reconnects, cold')
  const cold = await Promise.all(storms.map((load) => load.ask('connect', undefined)))
  return [...warmRows(warm, parts), ...stormRows('cold', cold, size)]
}

interface Warm {
  readonly storms: readonly StormResult[]
  readonly usage: Usage
  readonly loadCpu: number
  readonly calm: LatencyData
  readonly during: LatencyData
}

/** Those who stayed write in peace, then from the moment all lines break until all are back. */
async function observe({ cluster, storms, stayed, size }: Parts): Promise<Warm> {
  const plan = { pattern: 'group', pressure: { kind: 'open', rate: size.rate }, bytes: BYTES } as const
  const calm = await stayed.run({ ...plan, seconds: size.calmSeconds })
  await runningRookery(cluster).settled?.()
  const cpu = () => storms.reduce((sum, load) => sum + load.cpu, 0)
  const [before, loadBefore] = [cluster.usage(), cpu()]
  await Promise.all(storms.map((load) => load.ask('cut', undefined)))
  const storm = { isOver: false }
  const storming = Promise.all(storms.map((load) => load.ask('connect', undefined))).finally(
    () => (storm.isOver = true),
  )
  const during = new Latency()
  while (!storm.isOver) during.add((await stayed.run({ ...plan, seconds: STEP_SECONDS })).delivery)
  const results = await storming
  const [usage, loadCpu] = [usageBetween(before, cluster.usage()), cpu() - loadBefore]
  return { storms: results, usage, loadCpu, calm: calm.delivery, during: during.data() }
}

function warmRows({ storms, usage, loadCpu, calm, during }: Warm, { size, bare }: Parts): Measurement[] {
  const seconds = Math.max(...storms.map((result) => result.seconds))
  const slowdown = percentilesOf(during).p99 / Math.max(percentilesOf(calm).p99, 0.1)
  const bareRows =
    bare === undefined
      ? []
      : [
          rowsOf('storm', 'uws')('bare handshakes of as many', bare, 's'),
          row('warm: times as long as bare uWS handshakes', seconds / bare, 'times', atMost(2.5)),
        ]
  return [
    ...stormRows('warm', storms, size),
    ...bareRows,
    ...cpuRows(row, 'warm', usage),
    row('warm: CPU of the load generators', loadCpu, 's'),
    ...latencyRows(row, 'those who stayed, in peace', calm),
    ...latencyRows(row, 'those who stayed, in the storm', during),
    row('those who stayed: p99 in the storm against peace', slowdown, 'times', atMost(3)),
  ]
}

function stormRows(what: string, storms: readonly StormResult[], { sessions }: Size): Measurement[] {
  const seconds = Math.max(...storms.map((result) => result.seconds))
  const resumed = new Latency()
  for (const result of storms) resumed.add(result.resumed)
  const unrecovered = storms.reduce((sum, result) => sum + result.unrecovered, 0)
  return [
    row(`${what}: all authenticated and resumed`, seconds, 's'),
    row(`${what}: sessions`, sessions / seconds, 'sessions/s'),
    ...latencyRows(row, `${what}: from the break until resumed`, resumed.data()),
    row(`${what}: positions that could not be continued from`, unrecovered, 'positions', atMost(0)),
  ]
}

const method = ({ sessions, stayedGroups, rate }: Size): string[] => [
  `${String(sessions)} sessions in groups of ${String(GROUP_SIZE)}, ${String(GROUPS)} groups each, from ${String(PROGRAMS)} processes on one address, limits off; one node with nats-server, Postgres and Redis;`,
  'all lines are cut at once; a session is back when it is authenticated (JWT) and has the answer to its 20 positions; warm: the node kept running; cold: it was stopped and started;',
  `${String(stayedGroups)} groups of ${String(STAYED_SIZE)} stay and write ${String(rate)} messages/s of ${String(BYTES)} B all the time: their latency from the intended send time to delivery, in peace and during the storm;`,
  'bare handshakes: as many WebSockets opened by the same processes in the same way to bare uWebSockets.js, the second of two rounds.',
]
