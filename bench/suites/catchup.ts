/**
 * Catch-up: users who were away come back with their positions and take what they missed, from the memory of a node that has it and from a
 * node that was started anew; beside it the same work done with one ephemeral JetStream consumer for each user on the same nats-server.
 */
import { usageBetween, type Usage } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import type { CatchUpTasks, Served } from '../load/catch-up-program.js'
import type { CollectTasks } from '../load/collect-program.js'
import type { ConsumerTasks } from '../load/consumer-program.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import { runningRookery } from '../rookery-system.js'
import { atLeast, atMost, cpuOf, rowsOf, type Row } from '../rows.js'
import type { Measurement, Suite, SuiteContext } from '../suite.js'

const ROOKERY = new URL('../load/catch-up-program.js', import.meta.url)
const CONSUMERS = new URL('../load/consumer-program.js', import.meta.url)
const COLLECTORS = new URL('../load/collect-program.js', import.meta.url)
const BYTES = 128
const AT_ONCE = 64
const PREFIX = 'away-'
const GROUP_SIZE = 50
const GROUPS = 5
const MESSAGES = 10
/** Served per CPU second, against consumers. */
const MARK = atLeast(5)

const FULL = 10_000
const QUICK = 500

export const catchup: Suite = {
  name: 'catchup',
  line: 'users who were away take 50 messages out of 5 conversations: users served per CPU second',
  async run(context) {
    const users = context.quick ? QUICK : FULL
    const measurements = await withLocalCluster({ nodes: 1 }, async (cluster) => {
      const rookery = await withPrograms<CatchUpTasks, Observed[]>(1, ROOKERY, ([load]) =>
        serveUsers(cluster, load as LoadProgram<CatchUpTasks>, users, context),
      )
      const consumers = await withPrograms<ConsumerTasks, Observed>(1, CONSUMERS, ([gateway]) =>
        withPrograms<CollectTasks, Observed>(1, COLLECTORS, ([load]) =>
          serveByConsumers({ cluster, gateway, load, users } as Consumers, context),
        ),
      )
      return [...rookery.flatMap((observed) => rows(observed, users, consumers)), ...rows(consumers, users)]
    })
    return { measurements, method: method(users) }
  },
}

interface Observed {
  readonly system: string
  readonly what: string
  readonly served: Served
  /** Everything that had to work to serve. */
  readonly usage: Usage
  readonly loadCpu: number
}

async function serveUsers(
  cluster: LocalCluster,
  load: LoadProgram<CatchUpTasks>,
  users: number,
  context: SuiteContext,
): Promise<Observed[]> {
  const [node] = cluster.nodes as [ClusterNode]
  const running = runningRookery(cluster)
  const range = { urls: cluster.urls, secret: cluster.secret, prefix: PREFIX, first: 0, count: users }
  context.note('writing to users who are away')
  await load.ask('miss', { range, groupSize: GROUP_SIZE, groups: GROUPS, messages: MESSAGES, bytes: BYTES })
  await running.settled?.()
  context.progress(0.3)
  const serve = async (what: string): Promise<Observed> => {
    context.note(`serving ${String(users)} users, ${what}`)
    const [before, loadBefore] = [cluster.usage(), load.cpu]
    const served = await load.ask('serve', { range, atOnce: AT_ONCE })
    await running.settled?.()
    const usage = usageBetween(before, cluster.usage())
    return { system: 'rookery', what, served, usage, loadCpu: load.cpu - loadBefore }
  }
  const warm = await serve('from memory')
  context.progress(0.5)
  cluster.usage()
  await node.stop()
  await node.start()
  return [warm, await serve('after a restart of the node')]
}

interface Consumers {
  readonly cluster: LocalCluster
  readonly gateway: LoadProgram<ConsumerTasks>
  readonly load: LoadProgram<CollectTasks>
  readonly users: number
}

async function serveByConsumers(
  { cluster, gateway, load, users }: Consumers,
  context: SuiteContext,
): Promise<Observed> {
  const url = cluster.storage('nats-server')?.url ?? ''
  const { secret } = cluster
  await gateway.ask('store', { url, users, groupSize: GROUP_SIZE, groups: GROUPS, messages: MESSAGES, bytes: BYTES })
  const port = await gateway.ask('listen', { secret, prefix: PREFIX })
  context.progress(0.7)
  context.note(`serving ${String(users)} users with a consumer each`)
  const range = { urls: [`ws://127.0.0.1:${String(port)}/`], secret, prefix: PREFIX, first: 0, count: users }
  const [before, gatewayBefore, loadBefore] = [cluster.usage(), gateway.cpu, load.cpu]
  const served = await load.ask('collect', { range, atOnce: AT_ONCE, messages: GROUPS * MESSAGES })
  const { 'nats-server': server = { cpu: 0, memory: 0 } } = usageBetween(before, cluster.usage())
  const ownCpu = { cpu: gateway.cpu - gatewayBefore, memory: 0 }
  await gateway.ask('remove', undefined)
  return {
    system: 'jetstream',
    what: 'a consumer for each',
    served,
    usage: { 'nats-server': server, 'its gateway': ownCpu },
    loadCpu: load.cpu - loadBefore,
  }
}

function rows(observed: Observed, users: number, consumers?: Observed): Measurement[] {
  const { system, what, served, usage, loadCpu } = observed
  const row: Row = rowsOf('catchup', system)
  const perCpuSecond = (cpu: number) => served.users / Math.max(cpu, 0.01)
  const missing = users * GROUPS * MESSAGES - served.messages
  return [
    row(`${what}: users served per CPU second of all servers`, perCpuSecond(cpuOf(usage)), 'users/s'),
    ...againstConsumers(row, observed, consumers),
    row(`${what}: users served per second`, served.users / served.seconds, 'users/s'),
    row(`${what}: messages that did not come`, missing, 'messages', atMost(0)),
    row(`${what}: positions that could not be continued from`, served.unrecovered, 'positions', atMost(0)),
    ...Object.entries(usage).map(([name, { cpu }]) =>
      row(`${what}: CPU of ${name}`, (cpu * 1e6) / users, 'µs per user'),
    ),
    ...(loadCpu > 0
      ? [row(`${what}: CPU of the load generator`, (100 * loadCpu) / served.seconds, '% of a core')]
      : []),
  ]
}

function againstConsumers(row: Row, { what, usage }: Observed, consumers: Observed | undefined): Measurement[] {
  if (consumers === undefined) return []
  const all = cpuOf(consumers.usage) / cpuOf(usage)
  const server = (consumers.usage['nats-server']?.cpu ?? 0) / cpuOf(usage)
  return [
    row(`${what}: times as many per CPU second as with consumers`, all, 'times', MARK),
    row(`${what}: the same, if the gateway with the consumers were free`, server, 'times'),
  ]
}

const method = (users: number): string[] => [
  `${String(users)} users in groups of ${String(GROUP_SIZE)}, ${String(GROUPS)} groups each, ${String(MESSAGES)} messages of ${String(BYTES)} B in each group since their positions; one node with nats-server, Postgres and Redis;`,
  `a user connects (JWT), resumes, confirms what came and leaves; ${String(AT_ONCE)} at once; first from the node that wrote it, then after its restart;`,
  'consumers: the same messages in a stream of the same nats-server, a subject for each group; a gateway (uWebSockets.js, nats.js, one connection to the server) checks the JWT of each user who connects, makes an ephemeral consumer over the five subjects, fetches, passes the messages on and deletes it.',
]
