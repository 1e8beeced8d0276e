/**
 * Soak: mixed traffic for minutes (SOAK_MINUTES, ten by default) with devices that lose their connections all the time. Memory and open files are
 * watched, and at the end everything is compared as in the suite failover.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { residentBytes } from '../accounting.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { Latency } from '../latency.js'
import type { CheckedTasks } from '../load/checked-program.js'
import type { AckedSend, Judgement, TrafficResult } from '../load/checked-traffic.js'
import { withPrograms } from '../load/load-program.js'
import { atMost, latencyRows, rowsOf } from '../rows.js'
import type { Measurement, Plot, Suite, SuiteContext } from '../suite.js'

const PROGRAM = new URL('../load/checked-program.js', import.meta.url)
const NODES = 2
const CHURN = 0.1
const row = rowsOf('soak')
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? '10')

interface Size {
  readonly groups: number
  readonly groupSize: number
  readonly pairs: number
  readonly rate: number
  readonly seconds: number
  readonly sampleSeconds: number
}

const FULL: Size = { groups: 20, groupSize: 10, pairs: 80, rate: 200, seconds: 60 * MINUTES, sampleSeconds: 5 }
const QUICK: Size = { groups: 4, groupSize: 5, pairs: 8, rate: 60, seconds: 3, sampleSeconds: 0.25 }

export const soak: Suite = {
  name: 'soak',
  line: 'mixed traffic for ten minutes: memory and open files do not grow, nothing is lost',
  run: (context) => {
    const size = context.quick ? QUICK : FULL
    return withLocalCluster({ nodes: NODES }, async (cluster) => {
      const before = sampleOf(cluster, 0)
      const { samples, traffic, judgement } = await soakIn(cluster, size, context)
      await pause(1000)
      const after = sampleOf(cluster, size.seconds)
      return {
        measurements: [
          ...verdictRows(traffic, judgement),
          ...growthRows(samples),
          row(
            'open files of all nodes when all had left, against before',
            after.files - before.files,
            'files',
            atMost(8),
          ),
          row('memory of all nodes when all had left, against before', after.memory - before.memory, 'MiB'),
        ],
        method: method(size),
        plots: plots(samples),
      }
    })
  },
}

/** All nodes together at a moment. */
interface Sample {
  readonly seconds: number
  /** MiB. */
  readonly memory: number
  readonly files: number
}

interface Soaked {
  readonly samples: readonly Sample[]
  readonly traffic: TrafficResult
  readonly judgement: Judgement
}

function soakIn(cluster: LocalCluster, size: Size, context: SuiteContext): Promise<Soaked> {
  return withPrograms<CheckedTasks, Soaked>(1, PROGRAM, async ([load]) => {
    if (load === undefined) throw new Error('no load program')
    const { groups, groupSize, pairs, rate, seconds } = size
    context.note('opening conversations')
    const { urls, secret } = cluster
    await load.ask('open', { urls, secret, groups, groupSize, pairs, churn: CHURN })
    context.note(`traffic for ${String(seconds)} s`)
    const running = load.ask('run', { rate, seconds, bytes: 128 })
    const samples = await watch(cluster, size, context)
    const traffic = await running
    context.note('comparing what every device saw with what was acked')
    const judgement = await load.ask('judge', undefined)
    for (const text of judgement.findings.texts) context.note(text)
    return { samples, traffic, judgement }
  })
}

async function watch(
  cluster: LocalCluster,
  { seconds, sampleSeconds }: Size,
  context: SuiteContext,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let at = 0; at < seconds; at += sampleSeconds) {
    samples.push(sampleOf(cluster, at))
    context.progress((0.9 * at) / seconds)
    await pause(sampleSeconds * 1000)
  }
  return samples
}

function sampleOf({ nodes }: LocalCluster, seconds: number): Sample {
  const total = (of: (pid: number) => number) => nodes.reduce((sum, { pid }) => sum + of(pid), 0)
  return { seconds, memory: total(residentBytes) / 2 ** 20, files: total(openFiles) }
}

const openFiles = (pid: number): number => readdirSync(`/proc/${String(pid)}/fd`).length

function verdictRows(
  { acks, refusals }: TrafficResult,
  { findings, delivered, delivery, counters }: Judgement,
): Measurement[] {
  return [
    row('lost', findings.lost, 'entries', atMost(0)),
    row('duplicated', findings.duplicated, 'entries', atMost(0)),
    row('out of order', findings.outOfOrder, 'entries', atMost(0)),
    row('never acked', refusals.length, 'messages', atMost(0)),
    row('positions that could not be continued from', counters.unrecovered, 'positions', atMost(0)),
    row('acked', acks.length, 'messages'),
    row('delivered', delivered, 'messages'),
    row('connections broken or left', counters.drops + counters.absences, 'connections'),
    ...latencyRows(row, 'send to ack', ackLatency(acks).data()),
    ...latencyRows(row, 'send to delivery, devices that were away included', delivery),
  ]
}

function ackLatency(acks: readonly AckedSend[]): Latency {
  const latency = new Latency()
  for (const { intended, acked } of acks) latency.record(acked - intended)
  return latency
}

/** The middle fifth against the last: by then everything that fills once is full. */
function growthRows(samples: readonly Sample[]): Measurement[] {
  const fifth = Math.ceil(samples.length / 5)
  const [middle, last] = [samples.slice(2 * fifth, 3 * fifth), samples.slice(-fifth)]
  const grown = (of: (sample: Sample) => number) => 100 * (median(last.map(of)) / median(middle.map(of)) - 1)
  return [
    row('memory of all nodes, middle fifth of the time', median(middle.map(({ memory }) => memory)), 'MiB'),
    row(
      'memory of all nodes, last fifth against the middle one',
      grown(({ memory }) => memory),
      '%',
      atMost(10),
    ),
    row(
      'open files of all nodes, last fifth against the middle one',
      grown(({ files }) => files),
      '%',
      atMost(5),
    ),
  ]
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

function plots(samples: readonly Sample[]): Plot[] {
  const x = { title: 'seconds', scale: 'linear' } as const
  const plot = (title: string, unit: string, of: (sample: Sample) => number): Plot => ({
    ...{ title, x, y: { title: unit, scale: 'linear' } },
    lines: [{ name: 'all nodes', points: samples.map((sample) => [sample.seconds, of(sample)] as const) }],
  })
  return [
    plot('Resident memory during the soak', 'MiB', ({ memory }) => memory),
    plot('Open files during the soak', 'files', ({ files }) => files),
  ]
}

const method = ({ groups, groupSize, pairs, rate, seconds }: Size): string[] => [
  `${String(NODES)} nodes with nats-server, Postgres and Redis; ${String(groups)} groups of ${String(groupSize)} and ${String(pairs)} pairs with the client SDK, ${String(rate)} messages/s of 128 B for ${String(seconds)} s;`,
  `${String(100 * CHURN)} % of the devices lose their connection again and again, without a word or to be away for up to three seconds;`,
  'at the end every device must have seen exactly what was acked, and history must hold exactly that.',
]
