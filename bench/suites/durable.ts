/**
 * Durable: one-to-one messages at saturation on a journal with three replicas that are written through to the disk, beside one replica as it is by
 * default; each against 64 writers that store every message with a fenced publish of its own on the same servers.
 */
import { usageBetween, type Usage } from '../accounting.js'
import { withLocalCluster } from '../cluster/local-cluster.js'
import { withNatsCluster } from '../cluster/nats-cluster.js'
import type { FencedTasks } from '../load/fenced-program.js'
import { withFleet, type FleetResult } from '../load/fleet.js'
import { withPrograms, type LoadProgram } from '../load/load-program.js'
import { runningRookery } from '../rookery-system.js'
import { atLeast, atMost, cpuRows, latencyRows, rowsOf } from '../rows.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'

const PROGRAM = new URL('../load/fenced-program.js', import.meta.url)
const BYTES = 128
const WRITERS = 64
const WINDOW_PER_PAIR = 4
const row = rowsOf('durable')

interface Size {
  readonly pairs: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

const FULL: Size = { pairs: 1250, seconds: 10, warmUpSeconds: 3 }
const QUICK: Size = { pairs: 50, seconds: 1, warmUpSeconds: 0.3 }

export const durable: Suite = {
  name: 'durable',
  line: 'three replicas written through to the disk, against one fenced publish for each message',
  async run(context) {
    const size = context.quick ? QUICK : FULL
    const one = await withLocalCluster({ nodes: 1 }, async (cluster) => {
      const url = cluster.storage('nats-server')?.url ?? ''
      const running = runningRookery(cluster)
      return measure({ what: 'R1', url, replicas: 1, running, usage: () => running.usage() }, size, context)
    })
    context.progress(0.5)
    const three = await withNatsCluster((nats) => {
      const options = { nodes: 1, servers: { nats: nats.url }, env: { ROOKERY_NATS_REPLICAS: '3' } }
      return withLocalCluster(options, async (cluster) => {
        const running = runningRookery(cluster)
        const usage = () => ({ ...running.usage(), ...nats.usage() })
        return measure(
          { what: 'R3 synced', url: nats.url, replicas: 3, running, usage, mark: atLeast(20) },
          size,
          context,
        )
      })
    })
    return { measurements: [...one, ...three], method: method(size) }
  },
}

interface Journal {
  readonly what: string
  readonly url: string
  readonly replicas: number
  readonly running: ReturnType<typeof runningRookery>
  readonly usage: () => Usage
  /** Times what the writers reach. */
  readonly mark?: Mark
}

async function measure(journal: Journal, size: Size, context: SuiteContext): Promise<Measurement[]> {
  const { what } = journal
  context.note(`${what}: one-to-one messages`)
  const { result, usage } = await withFleet(1, async (fleet) => {
    await fleet.connect({ target: journal.running.target, prefix: 'durable-', count: 2 * size.pairs })
    const pressure = { kind: 'closed', window: WINDOW_PER_PAIR * size.pairs } as const
    const plan = { pattern: 'direct', pressure, bytes: BYTES } as const
    await fleet.run({ ...plan, seconds: size.warmUpSeconds })
    const before = journal.usage()
    const result = await fleet.run({ ...plan, seconds: size.seconds })
    await journal.running.settled?.()
    return { result, usage: usageBetween(before, journal.usage()) }
  })
  context.note(`${what}: ${String(WRITERS)} writers with a fenced publish for each message`)
  const writers = await withPrograms<FencedTasks, number>(1, PROGRAM, ([load]) =>
    writeOneByOne(journal, load as LoadProgram<FencedTasks>, size),
  )
  return rowsFor(journal, result, usage, writers)
}

/** Messages per second. */
async function writeOneByOne({ url, replicas }: Journal, load: LoadProgram<FencedTasks>, size: Size): Promise<number> {
  await load.ask('prepare', { url, replicas })
  await load.ask('write', { writers: WRITERS, seconds: size.warmUpSeconds, bytes: BYTES })
  const { stored, seconds } = await load.ask('write', { writers: WRITERS, seconds: size.seconds, bytes: BYTES })
  await load.ask('remove', undefined)
  return stored / seconds
}

function rowsFor({ what, mark }: Journal, result: FleetResult, usage: Usage, writers: number): Measurement[] {
  const { ackedInTime, deliveredInTime, missing, unacked, seconds } = result
  const acked = ackedInTime / seconds
  return [
    row(`${what}: acked`, acked, 'messages/s'),
    row(`${what}: delivered`, deliveredInTime / seconds, 'messages/s'),
    rowsOf('durable', 'jetstream')(
      `${what}: ${String(WRITERS)} writers, one fenced publish each`,
      writers,
      'messages/s',
    ),
    row(`${what}: times as many as those writers`, acked / writers, 'times', mark),
    row(`${what}: not acked or not delivered 10 s after the end`, unacked + missing, 'messages', atMost(0)),
    ...latencyRows(row, `${what}: send to ack`, result.ack),
    ...latencyRows(row, `${what}: send to delivery`, result.delivery),
    ...cpuRows(row, what, usage),
  ]
}

const method = ({ pairs, seconds, warmUpSeconds }: Size): string[] => [
  `${String(pairs)} pairs on one node, ${String(WINDOW_PER_PAIR)} messages of ${String(BYTES)} B under way for each (closed loop), ${String(warmUpSeconds)} s warm-up and ${String(seconds)} s measured; acked after the journal stored it;`,
  'R1: one nats-server, one replica, file, written to the disk by the operating system; R3 synced: three nats-servers on this machine, three replicas, sync_interval: always;',
  `writers: nats.js in a process of its own, ${String(WRITERS)} subjects, each with one fenced publish under way, same size, same servers, right afterwards.`,
]
