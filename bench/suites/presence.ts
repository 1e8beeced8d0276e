/**
 * Presence: users who come and go while others ask who is there: what a change costs, and how soon the answers are right when it is over.
 */
import { usageBetween } from '../accounting.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import type { ChurnPlan, ChurnResult, ChurnTasks } from '../load/churn-program.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import type { Usage } from '../accounting.js'
import { atMost, latencyRows, rowsOf } from '../rows.js'
import type { Measurement, Suite, SuiteContext } from '../suite.js'

const PROGRAM = new URL('../load/churn-program.js', import.meta.url)
const NODES = 2
const WATCHERS = 20
const row = rowsOf('presence')

interface Size {
  readonly users: number
  readonly changes: number
  readonly queries: number
  readonly seconds: number
}

const FULL: Size = { users: 10_000, changes: 500, queries: 100, seconds: 20 }
const QUICK: Size = { users: 400, changes: 50, queries: 20, seconds: 1.5 }

export const presence: Suite = {
  name: 'presence',
  line: 'users come and go while others ask who is there: CPU of a change, and whether the answers are right',
  run: (context) => {
    const size = context.quick ? QUICK : FULL
    return withLocalCluster({ nodes: NODES }, async (cluster) => {
      const measurements = await withPrograms<ChurnTasks, Measurement[]>(1, PROGRAM, ([load]) =>
        measure(cluster, load as LoadProgram<ChurnTasks>, size, context),
      )
      return { measurements, method: method(size) }
    })
  },
}

async function measure(
  cluster: LocalCluster,
  load: LoadProgram<ChurnTasks>,
  size: Size,
  context: SuiteContext,
): Promise<Measurement[]> {
  const { users, changes, queries, seconds } = size
  const range = { urls: cluster.urls, secret: cluster.secret, prefix: 'crowd-', first: 0, count: users }
  context.note(`opening half of ${String(users)} users`)
  await load.ask('open', { range, watchers: WATCHERS })
  const run = async (plan: ChurnPlan) => {
    const before = cluster.usage()
    const result = await load.ask('churn', plan)
    return { result, usage: usageBetween(before, cluster.usage()) }
  }
  context.note('nobody comes or goes')
  const still = await run({ changes: 0, queries, seconds })
  context.progress(0.4)
  context.note(`${String(changes)} changes/s`)
  const churned = await run({ changes, queries, seconds })
  const right = await load.ask('check', undefined)
  return [
    ...changeRows(still.usage, churned.usage, churned.result),
    row('until every answer was right', right.seconds, 's', atMost(10)),
    row('users whose presence stayed wrong', right.wrong, 'users', atMost(0)),
    ...latencyRows(row, 'query of 100 users, nobody comes or goes', still.result.query),
    ...latencyRows(row, 'query of 100 users, churn', churned.result.query),
  ]
}

/** What churn costs beyond what the questions alone do. */
function changeRows(still: Usage, churned: Usage, { changes }: ChurnResult): Measurement[] {
  const each = Object.entries(churned).map(([name, { cpu }]) => {
    return [name, Math.max(cpu - (still[name]?.cpu ?? 0), 0)] as const
  })
  const all = each.reduce((sum, [, cpu]) => sum + cpu, 0)
  const rows = [...each, ['all servers', all] as const]
  return [
    row('changes', changes, 'changes'),
    ...rows.map(([name, cpu]) => row(`CPU of a change, ${name}`, (cpu * 1e6) / Math.max(changes, 1), 'µs')),
  ]
}

const method = ({ users, changes, queries, seconds }: Size): string[] => [
  `${String(NODES)} nodes with nats-server, Postgres and Redis; ${String(users)} users, half of them here; ${String(WATCHERS)} others ask for the presence of 100 users, ${String(queries)} times a second;`,
  `${String(seconds)} s in which nobody comes or goes, then ${String(seconds)} s with ${String(changes)} changes a second: a session opened (WebSocket, JWT) or ended, half of those without a word; the difference of the two is the cost of a change, connecting included;`,
  'right: everybody who is connected is online for those who ask, everybody else offline; asked again until it is so.',
]
