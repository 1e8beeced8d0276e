/**
 * Failover: three nodes under load, SIGKILL to the one that owns most; it comes back later. Every device's view and history are compared with
 * what was acked, and the sends to the conversations that had to move tell how long nobody owned them.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { usageBetween } from '../accounting.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import type { CheckedTasks } from '../load/checked-program.js'
import type { Judgement, TrafficResult } from '../load/checked-traffic.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import { monotonic } from '../monotonic.js'
import { timeLine, untilAckedAgain, waits } from '../outage.js'
import { atMost, cpuRows, latencyRows, rowsOf } from '../rows.js'
import { shardsOf } from '../shard.js'
import type { Measurement, Plot, Suite, SuiteContext, SuiteResult } from '../suite.js'

const PROGRAM = new URL('../load/checked-program.js', import.meta.url)
const BYTES = 128
/** Sends meant to be made so soon after the blow belong to it. */
const WINDOW_MS = 10_000
const STEP_MS = 250
const NODES = 3
const row = rowsOf('failover')

interface Size {
  readonly groups: number
  readonly groupSize: number
  readonly pairs: number
  readonly rate: number
  /** Before the blow, from it until the node is started again, and the rest. */
  readonly calmSeconds: number
  readonly awaySeconds: number
  readonly restSeconds: number
}

const FULL: Size = {
  groups: 30,
  groupSize: 10,
  pairs: 90,
  rate: 900,
  calmSeconds: 10,
  awaySeconds: 10,
  restSeconds: 20,
}
const QUICK: Size = {
  groups: 6,
  groupSize: 5,
  pairs: 12,
  rate: 120,
  calmSeconds: 0.5,
  awaySeconds: 2,
  restSeconds: 2.5,
}

export const failover: Suite = {
  name: 'failover',
  line: 'three nodes under load, one of them killed: nothing lost, and how long its conversations wait',
  run: (context) =>
    withLocalCluster({ nodes: NODES }, (cluster) =>
      withPrograms<CheckedTasks, SuiteResult>(1, PROGRAM, async ([load]) => {
        if (load === undefined) throw new Error('no load program')
        return measure(cluster, load, context.quick ? QUICK : FULL, context)
      }),
    ),
}

interface Blow {
  readonly at: number
  readonly backAfterSeconds: number
  /** Whether a conversation belonged to the node that was killed. */
  readonly moved: (conversation: string) => boolean
}

async function measure(
  cluster: LocalCluster,
  load: LoadProgram<CheckedTasks>,
  size: Size,
  context: SuiteContext,
): Promise<SuiteResult> {
  context.note('opening conversations')
  const { groups, groupSize, pairs, rate } = size
  const { urls, secret } = cluster
  const conversations = await load.ask('open', { urls, secret, groups, groupSize, pairs, churn: 0 })
  const before = cluster.usage()
  const start = monotonic()
  const seconds = size.calmSeconds + size.awaySeconds + size.restSeconds
  const running = load.ask('run', { rate, seconds, bytes: BYTES })
  const [traffic, blow] = await Promise.all([running, strike(cluster, size, context)])
  const usage = usageBetween(before, cluster.usage())
  context.progress(0.8)
  context.note('comparing what every device saw with what was acked')
  const judgement = await load.ask('judge', undefined)
  for (const text of judgement.findings.texts) context.note(text)
  const moved = conversations.filter(blow.moved).length
  return {
    measurements: [
      ...verdictRows(traffic, judgement),
      ...outageRows(traffic, blow, moved),
      ...latencyRows(row, 'send to delivery, whole run', judgement.delivery),
      ...cpuRows(row, `${String(seconds)} s at ${String(rate)}/s`, usage),
      row('CPU of the load generator', load.cpu, 's'),
    ],
    method: method(size),
    plots: plots(traffic, blow, start),
  }
}

async function strike(cluster: LocalCluster, size: Size, context: SuiteContext): Promise<Blow> {
  await pause(size.calmSeconds * 1000)
  const victim = await cluster.owner()
  const owned = await Promise.all(cluster.nodes.map((node) => node.owned()))
  const shardOf = await shardsOf(owned.flat().length)
  const lost = new Set(await victim.owned())
  cluster.usage()
  context.note(`killing ${victim.name}, owner of ${String(lost.size)} shards`)
  const at = monotonic()
  await victim.kill()
  await pause(size.awaySeconds * 1000)
  await victim.start()
  return { at, backAfterSeconds: (monotonic() - at) / 1000, moved: (conversation) => lost.has(shardOf(conversation)) }
}

function verdictRows({ acks, refusals }: TrafficResult, { findings, delivered, counters }: Judgement): Measurement[] {
  return [
    row('lost', findings.lost, 'entries', atMost(0)),
    row('duplicated', findings.duplicated, 'entries', atMost(0)),
    row('out of order', findings.outOfOrder, 'entries', atMost(0)),
    row('positions that could not be continued from', counters.unrecovered, 'positions', atMost(0)),
    row('acked', acks.length, 'messages'),
    row('never acked', refusals.length, 'messages', atMost(0)),
    row('delivered', delivered, 'messages'),
    row('connections opened', counters.connects, 'connections'),
  ]
}

function outageRows(
  { acks }: TrafficResult,
  { at, backAfterSeconds, moved }: Blow,
  conversations: number,
): Measurement[] {
  return [
    row('conversations that had to move', conversations, 'conversations'),
    ...latencyRows(row, 'moved conversations: from the kill until acked again', untilAckedAgain(acks, at, moved), {
      p99: atMost(3000),
    }),
    ...latencyRows(row, 'sends of the ten seconds after the kill: wait for the ack', waits(acks, at, WINDOW_MS)),
    row('the killed node was ready again after', backAfterSeconds, 's'),
  ]
}

function plots({ acks }: TrafficResult, { at }: Blow, start: number): Plot[] {
  const line = timeLine(acks, start, STEP_MS)
  const kill = (at - start) / 1000
  const x = { title: `seconds; SIGKILL at ${kill.toFixed(1)} s`, scale: 'linear' } as const
  const perSecond = 1000 / STEP_MS
  return [
    {
      title: 'Acks per second while a node is killed and comes back',
      x,
      y: { title: 'acks/s', scale: 'linear' },
      lines: [{ name: 'rookery', points: line.map(({ at: time, acked }) => [time, acked * perSecond] as const) }],
    },
    {
      title: 'Longest wait for an ack, by the time the send was meant to be made',
      x,
      y: { title: 'ms', scale: 'log' },
      lines: [
        { name: 'rookery', points: line.map(({ at: time, longest }) => [time, Math.max(longest, 0.1)] as const) },
      ],
    },
  ]
}

const method = ({ groups, groupSize, pairs, rate, calmSeconds, awaySeconds }: Size): string[] => [
  `${String(NODES)} nodes, nats-server, Postgres and Redis on this machine; ${String(groups)} groups of ${String(groupSize)} and ${String(pairs)} pairs, every device with the client SDK and a connection to any node;`,
  `${String(rate)} messages/s of ${String(BYTES)} B in an open loop; after ${String(calmSeconds)} s SIGKILL to the owner of most shards, started again ${String(awaySeconds)} s later;`,
  'a conversation has moved when its shard belonged to the killed node; it is acked again when a send that was meant to be made after the kill is acked;',
  'at the end every device must have seen exactly what was acked, in order and byte for byte, and history must hold exactly that.',
]
