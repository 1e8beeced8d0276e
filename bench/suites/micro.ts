/**
 * Micro: parts by themselves, in a process of their own (cluster/micro), and on a real node how well the journal's batches fill.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { withFleet, type Fleet } from '../load/fleet.js'
import { runningRookery } from '../rookery-system.js'
import { atMost, rowsOf } from '../rows.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'

const PARTS = fileURLToPath(new URL('../../cluster/micro/main.js', import.meta.url))
/** A young generation that takes everything a run allocates, in MiB. */
const YOUNG_MIB = 256
const PAIRS = 100
const WINDOWS = [50, 400] as const
const BYTES = 128
const row = rowsOf('micro')

const MARKS: Readonly<Record<string, Mark>> = {
  'group: encodes per message, msgpack': atMost(1),
  'group: encodes per message, JSON': atMost(1),
}

interface Figure {
  readonly metric: string
  readonly value: number
  readonly unit: string
}

export const micro: Suite = {
  name: 'micro',
  line: 'codec, mailbox and ring by themselves, encodes and allocation of a group message, batches of the journal',
  async run(context) {
    context.note('parts')
    const parts = await measureParts(context)
    context.progress(0.5)
    context.note('batches of the journal')
    const batches = await withLocalCluster({ nodes: 1 }, (cluster) =>
      withFleet(1, (fleet) => measureBatches(cluster, fleet, context.quick ? 1 : 5)),
    )
    return { measurements: [...parts, ...batches], method: METHOD }
  },
}

async function measureParts({ quick }: SuiteContext): Promise<Measurement[]> {
  const young = ['min', 'max'].map((end) => `--${end}-semi-space-size=${String(YOUNG_MIB)}`)
  const args = ['--expose-gc', ...young, PARTS, ...(quick ? ['--quick'] : [])]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const figures = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Figure)
  return figures.map(({ metric, value, unit }) => row(metric, value, unit, MARKS[metric]))
}

async function measureBatches(cluster: LocalCluster, fleet: Fleet, seconds: number): Promise<Measurement[]> {
  const [node] = cluster.nodes as [ClusterNode]
  await fleet.connect({ target: runningRookery(cluster).target, prefix: 'micro-', count: 2 * PAIRS })
  const read = async (end: string) => (await node.metric(`rookery_journal_record_entries_${end}`)) ?? 0
  const rows: Measurement[] = []
  for (const window of WINDOWS) {
    const [entries, records] = [await read('sum'), await read('count')]
    await fleet.run({ pattern: 'direct', pressure: { kind: 'closed', window }, seconds, bytes: BYTES })
    const batch = ((await read('sum')) - entries) / Math.max((await read('count')) - records, 1)
    rows.push(row(`journal: entries of a record, ${String(window)} messages under way`, batch, 'entries'))
  }
  return rows
}

const METHOD = [
  'codec, mailbox, ring: the best of five rounds, in one process;',
  `group: a whole node in one process with everything outside it in memory and made-up sockets, a group of 100 (80 msgpack, 20 JSON), messages of ${String(BYTES)} B; allocation is the growth of a young generation of ${String(YOUNG_MIB)} MiB without a collection, the message and its way included;`,
  `journal: one node with nats-server, Postgres and Redis, ${String(PAIRS)} pairs, closed loop.`,
]
