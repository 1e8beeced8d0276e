/**
 * Slow readers: one member in twenty stops reading. The others must not notice, the node must not grow, and those who stopped must get everything
 * when they read again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { withFleet, type Fleet, type FleetResult } from '../load/fleet.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import type { CaughtUp, StalledTasks } from '../load/stalled-program.js'
import { runningRookery } from '../rookery-system.js'
import { atMost, latencyRows, percentilesOf, rowsOf } from '../rows.js'
import type { Measurement, Plot, Suite, SuiteContext, SuiteResult } from '../suite.js'

const PROGRAM = new URL('../load/stalled-program.js', import.meta.url)
const GROUP = 'slow'
/** Those who read, of the twenty of a group. */
const READERS = 19
const SAMPLE_MS = 500
const row = rowsOf('slow')

interface Size {
  readonly groups: number
  readonly rate: number
  /** Large, so that what is not read soon fills the kernel's buffers. */
  readonly bytes: number
  readonly calmSeconds: number
  readonly stalledSeconds: number
}

const FULL: Size = { groups: 10, rate: 100, bytes: 16_384, calmSeconds: 20, stalledSeconds: 60 }
const QUICK: Size = { groups: 3, rate: 30, bytes: 16_384, calmSeconds: 1, stalledSeconds: 3 }

export const slow: Suite = {
  name: 'slow',
  line: 'one reader in twenty stalls: what the others and the memory of the node notice, and whether anything is lost',
  run: (context) =>
    withLocalCluster({ nodes: 1 }, (cluster) =>
      withFleet(1, (fleet) =>
        withPrograms<StalledTasks, SuiteResult>(1, PROGRAM, ([stalled]) =>
          measure(cluster, fleet, stalled as LoadProgram<StalledTasks>, context),
        ),
      ),
    ),
}

/** What the node said of itself at a moment of the stall. */
interface Sample {
  readonly seconds: number
  readonly memory: number
  /** Bytes that wait for sockets. */
  readonly outbox: number
}

async function measure(
  cluster: LocalCluster,
  fleet: Fleet,
  stalled: LoadProgram<StalledTasks>,
  context: SuiteContext,
): Promise<SuiteResult> {
  const size = context.quick ? QUICK : FULL
  const [node] = cluster.nodes as [ClusterNode]
  const { groups, rate, bytes } = size
  const { target } = runningRookery(cluster)
  await fleet.connect({ target, prefix: 'reads-', count: groups * READERS }, READERS)
  await fleet.join({ group: GROUP, size: READERS })
  const range = { urls: cluster.urls, secret: cluster.secret, prefix: 'stalls-', first: 0, count: groups }
  await stalled.ask('open', { range, group: GROUP })
  const plan = { pattern: 'group', pressure: { kind: 'open', rate }, bytes } as const
  context.note('everybody reads')
  const calm = await fleet.run({ ...plan, seconds: size.calmSeconds })
  context.progress(0.3)
  context.note('one in twenty does not')
  await stalled.ask('stall', undefined)
  const watching = watch(node, size.stalledSeconds)
  const during = await fleet.run({ ...plan, seconds: size.stalledSeconds })
  const samples = await watching
  const slowReaders = (await node.metric('rookery_slow_readers_total')) ?? 0
  context.progress(0.8)
  context.note('they read again')
  const caughtUp = await stalled.ask('read', calm.sent + during.sent)
  return {
    measurements: [
      ...othersRows(calm, during),
      ...nodeRows(samples, groups),
      row('sessions switched from push to paging', slowReaders, 'sessions'),
      ...caughtUpRows(caughtUp, calm.sent + during.sent),
    ],
    method: method(size),
    plots: [plot(samples)],
  }
}

async function watch(node: ClusterNode, seconds: number): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let at = 0; at <= seconds * 1000; at += SAMPLE_MS) {
    const memory = (await node.metric('process_resident_memory_bytes')) ?? 0
    const outbox = (await node.metric('rookery_outbox_bytes')) ?? 0
    samples.push({ seconds: at / 1000, memory, outbox })
    await pause(SAMPLE_MS)
  }
  return samples
}

function othersRows(calm: FleetResult, during: FleetResult): Measurement[] {
  const slowdown = percentilesOf(during.delivery).p99 / Math.max(percentilesOf(calm.delivery).p99, 0.1)
  return [
    ...latencyRows(row, 'everybody reads: send to delivery', calm.delivery),
    ...latencyRows(row, 'one in twenty stalls: send to delivery to the others', during.delivery),
    row('one in twenty stalls: p99 of the others against before', slowdown, 'times', atMost(2)),
    row('deliveries to the others that did not come', calm.missing + during.missing, 'deliveries', atMost(0)),
  ]
}

function nodeRows(samples: readonly Sample[], stalled: number): Measurement[] {
  const mebibytes = (of: (sample: Sample) => number) => samples.map((sample) => of(sample) / 2 ** 20)
  const memory = mebibytes((sample) => sample.memory)
  const third = Math.ceil(memory.length / 3)
  const outbox = Math.max(...mebibytes((sample) => sample.outbox))
  return [
    row('memory of the node in the first third of the stall, most', Math.max(...memory.slice(0, third)), 'MiB'),
    row('memory of the node in the last third of the stall, most', Math.max(...memory.slice(-third)), 'MiB'),
    row('bytes that waited for a stalled socket, most', (outbox * 1024) / stalled, 'KiB per stalled session'),
  ]
}

function caughtUpRows({ seconds, messages, behind, unrecovered, closed }: CaughtUp, sent: number): Measurement[] {
  const codes = Object.entries(closed).map(([code, count]) =>
    row(`closed with ${code} while stalled`, count, 'sessions'),
  )
  return [
    row('stalled readers: all had everything after', seconds, 's'),
    row('stalled readers: messages lost', sent - messages, 'messages', atMost(0)),
    row('stalled readers: not at the end of their conversation', behind, 'sessions', atMost(0)),
    row('stalled readers: positions that could not be continued from', unrecovered, 'positions', atMost(0)),
    ...codes,
  ]
}

const plot = (samples: readonly Sample[]): Plot => ({
  title: 'Memory of the node while one reader in twenty is stalled',
  x: { title: 'seconds', scale: 'linear' },
  y: { title: 'MiB', scale: 'linear' },
  lines: [
    { name: 'resident', points: samples.map(({ seconds, memory }) => [seconds, memory / 2 ** 20] as const) },
    { name: 'waiting for sockets', points: samples.map(({ seconds, outbox }) => [seconds, outbox / 2 ** 20] as const) },
  ],
})

const method = ({ groups, rate, bytes, calmSeconds, stalledSeconds }: Size): string[] => [
  `${String(groups)} groups of ${String(READERS + 1)}, one node with nats-server, Postgres and Redis; ${String(rate)} messages/s of ${String(bytes)} B in an open loop;`,
  `${String(calmSeconds)} s in which all read, then one of each group does not read its socket for ${String(stalledSeconds)} s (nor ping, nor confirm), then reads again;`,
  'a device that is behind asks for what is missing when the server tells it so, and comes back when it was closed.',
]
