/**
 * History: what the archive costs. Postgres's CPU for each archived row, against plain inserts of the same rows; and what one-to-one messages
 * reach with the archive at work against without: there is no setting that takes history away, so Postgres is stopped (SIGSTOP) for that time,
 * and the node keeps what it would archive in memory.
 */
import { processesOf, usageBetween, type Usage } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import type { StorageServer } from '../cluster/storage-server.js'
import { withFleet, type Fleet } from '../load/fleet.js'
import type { InsertTasks } from '../load/insert-program.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import type { Pressure } from '../load/orders.js'
import { runningRookery } from '../rookery-system.js'
import { atLeast, atMost, rowsOf } from '../rows.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'

const PROGRAM = new URL('../load/insert-program.js', import.meta.url)
const BYTES = 128
const WINDOW_PER_PAIR = 4
const RATES = [1000, 5000] as const
const BATCH = 2000
const MOST_ROWS = 200_000
/** More than the node writes while Postgres is stopped. */
const LAG_BYTES = 1 << 30
const row = rowsOf('history')
const plain = rowsOf('history', 'plain inserts')

interface Size {
  readonly pairs: number
  /** Below the node's time-out for a statement. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** With and without, in turns. */
  readonly rounds: number
}

const FULL: Size = { pairs: 500, seconds: 7, warmUpSeconds: 3, rounds: 5 }
const QUICK: Size = { pairs: 50, seconds: 0.7, warmUpSeconds: 0.5, rounds: 1 }

export const history: Suite = {
  name: 'history',
  line: 'what the archive costs: CPU of Postgres for each row, and throughput with and without it',
  run: (context) => {
    const size = context.quick ? QUICK : FULL
    return withLocalCluster({ nodes: 1, env: { ROOKERY_HISTORY_LAG_BYTES: String(LAG_BYTES) } }, async (cluster) => {
      const measurements = await withFleet(1, (fleet) => measure(cluster, fleet, size, context))
      return { measurements, method: method(size) }
    })
  },
}

interface Archived {
  readonly what: string
  readonly perSecond: number
  readonly rows: number
  readonly usage: Usage
}

async function measure(cluster: LocalCluster, fleet: Fleet, size: Size, context: SuiteContext): Promise<Measurement[]> {
  const { pairs, seconds, warmUpSeconds, rounds } = size
  await fleet.connect({ target: runningRookery(cluster).target, prefix: 'history-', count: 2 * pairs })
  const saturating: Pressure = { kind: 'closed', window: WINDOW_PER_PAIR * pairs }
  await fleet.run({ pattern: 'direct', pressure: saturating, seconds: warmUpSeconds, bytes: BYTES })
  const phases = [...RATES.map((rate) => [`at ${String(rate)}/s`, { kind: 'open', rate }] as const)]
  const archived: Archived[] = []
  for (const [what, pressure] of phases) {
    context.note(`archiving ${what}`)
    archived.push(await archive(cluster, fleet, what, pressure, seconds))
  }
  const [withHistory, without]: [Archived[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    context.note(`saturating with and without history, round ${String(round + 1)}`)
    withHistory.push(await archive(cluster, fleet, 'saturated', saturating, seconds))
    without.push(await archiveNothing(cluster, fleet, saturating, seconds))
    context.progress(0.3 + (0.6 * round) / rounds)
  }
  context.note('plain inserts of the same rows')
  const perRow = await withPrograms<InsertTasks, number>(1, PROGRAM, ([load]) =>
    insertPlainly(cluster, load as LoadProgram<InsertTasks>),
  )
  return [
    plain(`CPU of Postgres, batches of ${String(BATCH)}`, perRow, 'µs per row'),
    ...archived.flatMap((one) => archivedRows(one, perRow)),
    ...archivedRows(together(withHistory), perRow, atMost(1.3)),
    ...throughputRows(withHistory, without),
  ]
}

async function archive(
  cluster: LocalCluster,
  fleet: Fleet,
  what: string,
  pressure: Pressure,
  seconds: number,
): Promise<Archived> {
  const [node] = cluster.nodes as [ClusterNode]
  const stored = async () => (await node.metric('rookery_archived_entries_total')) ?? 0
  const [before, rows] = [cluster.usage(), await stored()]
  const { deliveredInTime } = await fleet.run({ pattern: 'direct', pressure, seconds, bytes: BYTES })
  await runningRookery(cluster).settled?.()
  const usage = usageBetween(before, cluster.usage())
  return { what, perSecond: deliveredInTime / seconds, rows: (await stored()) - rows, usage }
}

/** Delivered per second while Postgres stands still. */
async function archiveNothing(
  cluster: LocalCluster,
  fleet: Fleet,
  pressure: Pressure,
  seconds: number,
): Promise<number> {
  const pids = processesOf(postgresOf(cluster).pid)
  const signal = (name: NodeJS.Signals) => pids.forEach((pid) => process.kill(pid, name))
  signal('SIGSTOP')
  try {
    return (await fleet.run({ pattern: 'direct', pressure, seconds, bytes: BYTES })).deliveredInTime / seconds
  } finally {
    signal('SIGCONT')
    await runningRookery(cluster).settled?.()
  }
}

/** CPU of Postgres for each row, microseconds. */
async function insertPlainly(cluster: LocalCluster, load: LoadProgram<InsertTasks>): Promise<number> {
  const rows = await load.ask('read', { url: postgresOf(cluster).url, rows: MOST_ROWS })
  const before = cluster.usage()
  await load.ask('insert', { batch: BATCH })
  const usage = usageBetween(before, cluster.usage())
  await load.ask('remove', undefined)
  return postgresCpu(usage, rows)
}

function postgresOf(cluster: LocalCluster): StorageServer {
  const server = cluster.storage('postgres')
  if (server === undefined) throw new Error('no Postgres of our own')
  return server
}

const postgresCpu = (usage: Usage, rows: number): number => ((usage['postgres']?.cpu ?? 0) * 1e6) / Math.max(rows, 1)

function together(runs: readonly Archived[]): Archived {
  const sum = (of: (run: Archived) => number) => runs.reduce((total, run) => total + of(run), 0)
  const usage = { postgres: { cpu: sum((run) => run.usage['postgres']?.cpu ?? 0), memory: 0 } }
  return { what: 'saturated', perSecond: median(runs.map((run) => run.perSecond)), rows: sum((run) => run.rows), usage }
}

function archivedRows({ what, perSecond, rows, usage }: Archived, perRow: number, mark?: Mark): Measurement[] {
  const cpu = postgresCpu(usage, rows)
  return [
    row(`${what}: delivered`, perSecond, 'messages/s'),
    row(`${what}: archived`, rows, 'rows'),
    row(`${what}: CPU of Postgres`, cpu, 'µs per row'),
    row(`${what}: CPU of Postgres against plain inserts`, cpu / Math.max(perRow, 0.1), 'times', mark),
  ]
}

function throughputRows(withHistory: readonly Archived[], without: readonly number[]): Measurement[] {
  const on = median(withHistory.map(({ perSecond }) => perSecond))
  const off = median(without)
  return [
    row('saturated, Postgres stopped: delivered', off, 'messages/s'),
    row('saturated: with history against without', on / off, 'times', atLeast(0.6)),
  ]
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const method = ({ pairs, seconds, rounds }: Size): string[] => [
  `${String(pairs)} pairs, bodies of ${String(BYTES)} B, one node with nats-server, Postgres and Redis; each run lasts ${String(seconds)} s and is counted until everything is archived;`,
  `plain inserts: the newest rows (at most ${String(MOST_ROWS)}) of the same table, by UNNEST in batches of ${String(BATCH)}, into a table with the same columns and indexes on the same Postgres, nothing else;`,
  `without history: Postgres is stopped (SIGSTOP) for the run, so that the node archives nothing and keeps it in memory, then goes on and catches up; with and without in turns, medians of ${String(rounds)}.`,
]
