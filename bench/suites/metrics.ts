/**
 * Metrics: what being watched costs. Counting cannot be switched off: it is the raising of plain numbers on the message path. What can be, and is
 * here within one process, is the scraping: CPU with a scrape every second against without, in many alternations, and for how long a scrape with
 * many sessions makes the event loop stand still.
 */
import { usageBetween } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'
import { withLocalCluster, type LocalCluster } from '../cluster/local-cluster.js'
import { intervalOf } from '../interval.js'
import { withFleet, type Fleet } from '../load/fleet.js'
import { withPrograms } from '../load/load-program.js'
import type { PingTasks, Stalls } from '../load/ping-program.js'
import { runningRookery } from '../rookery-system.js'
import { atMost, rowsOf } from '../rows.js'
import type { Measurement, Suite, SuiteContext } from '../suite.js'

const PROGRAM = new URL('../load/ping-program.js', import.meta.url)
const BYTES = 128
const PAIRS = 100
/** Fifteen times as often as Prometheus usually does. */
const SCRAPE_MS = 1000
const row = rowsOf('metrics')

interface Size {
  readonly alternations: number
  readonly seconds: number
  readonly rate: number
  readonly sessions: number
  readonly scrapes: number
}

const FULL: Size = { alternations: 20, seconds: 5, rate: 3000, sessions: 15_000, scrapes: 60 }
const QUICK: Size = { alternations: 2, seconds: 0.5, rate: 500, sessions: 200, scrapes: 5 }

export const metrics: Suite = {
  name: 'metrics',
  line: 'what a scrape costs: CPU with and without, and how long it stops the event loop',
  run: (context) => {
    const size = context.quick ? QUICK : FULL
    return withLocalCluster({ nodes: 1 }, async (cluster) => {
      const cpu = await withFleet(1, (fleet) => measureCpu(cluster, fleet, size, context))
      const stalls = await withFleet(1, (fleet) => measureStalls(cluster, fleet, size, context))
      return { measurements: [...cpu, ...stalls], method: method(size) }
    })
  },
}

async function measureCpu(
  cluster: LocalCluster,
  fleet: Fleet,
  size: Size,
  context: SuiteContext,
): Promise<Measurement[]> {
  const [node] = cluster.nodes as [ClusterNode]
  await fleet.connect({ target: runningRookery(cluster).target, prefix: 'metrics-', count: 2 * PAIRS })
  const cpuOf = async (isScraped: boolean) => {
    const before = cluster.usage()
    const scraping = setInterval(() => isScraped && void node.metric('rookery_sessions'), SCRAPE_MS)
    if (isScraped) await node.metric('rookery_sessions')
    const pressure = { kind: 'open', rate: size.rate } as const
    await fleet.run({ pattern: 'direct', pressure, seconds: size.seconds, bytes: BYTES })
    clearInterval(scraping)
    return usageBetween(before, cluster.usage())[node.name]?.cpu ?? 0
  }
  await cpuOf(false)
  const differences: number[] = []
  for (let turn = 0; turn < size.alternations; turn++) {
    context.note(`alternation ${String(turn + 1)} of ${String(size.alternations)}`)
    context.progress((0.7 * turn) / size.alternations)
    const isFirst = turn % 2 === 0
    const [one, other] = [await cpuOf(isFirst), await cpuOf(!isFirst)]
    const [scraped, quiet] = isFirst ? [one, other] : [other, one]
    differences.push(100 * (scraped / quiet - 1))
  }
  const { mean, margin } = intervalOf(differences)
  return [
    row('CPU with a scrape every second, against without', mean, '%', atMost(2)),
    row('the same, 95 % confidence: plus or minus', margin, '%'),
    row('alternations', size.alternations, 'alternations'),
  ]
}

async function measureStalls(
  cluster: LocalCluster,
  fleet: Fleet,
  size: Size,
  context: SuiteContext,
): Promise<Measurement[]> {
  const [node] = cluster.nodes as [ClusterNode]
  context.note(`scrapes with ${String(size.sessions)} sessions`)
  await fleet.connect({ target: runningRookery(cluster).target, prefix: 'idle-', count: size.sessions })
  const stalls = await withPrograms<PingTasks, Stalls>(1, PROGRAM, async ([load]) => {
    if (load === undefined) throw new Error('no load program')
    const { url, metricsUrl } = node
    return load.ask('probe', { url, secret: cluster.secret, metricsUrl, scrapes: size.scrapes })
  })
  const [scraped, quiet] = [median(stalls.scraped), median(stalls.quiet)]
  return [
    row('slowest ping during a scrape, median', scraped, 'ms'),
    row('slowest ping in as long without, median', quiet, 'ms'),
    row('stall of the event loop by a scrape, the difference', Math.max(scraped - quiet, 0), 'ms', atMost(5)),
    row('a scrape takes, median', median(stalls.scrapes), 'ms'),
    row('a scrape answers', stalls.bytes / 1024, 'KiB'),
  ]
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const method = ({ alternations, seconds, rate, sessions, scrapes }: Size): string[] => [
  'the counting itself has no switch (plain numbers are raised, nothing is looked at before a scrape), so what is toggled is the scraping;',
  `${String(alternations)} alternations of ${String(seconds)} s with and without a scrape every second at ${String(rate)} one-to-one messages/s on one node, which of the two comes first changes each time; CPU of the node's process, mean of the paired differences with Student's interval;`,
  `stall: ${String(sessions)} idle sessions, ${String(scrapes)} scrapes; one more session pings every half millisecond, and the slowest answer during a scrape is compared with that of as long a time without one.`,
]
