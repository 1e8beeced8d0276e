/**
 * Cross: groups whose members sit on three nodes, against the same groups on one. What the way between nodes costs, and how well
 * messages share it.
 */
import { contenders, contendersMethod } from '../contenders.js'
import type { Figures } from '../figures.js'
import { cpuPlot, latencyPlot } from '../plots.js'
import { rookerySystem, type RunningRookery } from '../rookery-system.js'
import { atLeast, atMost } from '../rows.js'
import type { Suite, SuiteContext } from '../suite.js'
import type { System } from '../system.js'
import { atRate, runTraffic, SATURATED, saturated, TRAFFIC_METHOD, type TrafficRun } from '../traffic-run.js'
import { runTurns } from '../turns.js'

const NODES = 3
const LOCAL = 'rookery on one node'
const BUS = 'bus messages'
const FULL = runOf(3000, 30, 500, 5)
const QUICK = runOf(60, 6, 50, 0.7)

export const cross: Suite = {
  name: 'cross',
  line: 'groups whose members sit on three nodes: what the way between nodes costs',
  async run(context) {
    const run = context.quick ? QUICK : FULL
    const systems: System[] = contenders(context, 'cross')
    const local: System = { ...rookerySystem, name: LOCAL, method: [] }
    const measure = (system: System) => measureOne(system, run, context)
    const [first = rookerySystem, ...others] = systems
    const turns = await runTurns({ suite: 'cross', systems: [first, local, ...others], context, measure })
    const phases = run.phases.map(({ name }) => name)
    const metrics = [`${SATURATED}: CPU of all servers`]
    return {
      measurements: [
        ...turns.ratio({
          ...{ name: 'deliveries per CPU second against all on one node, saturated', of: metrics, isInverse: true },
          ...{ against: { system: LOCAL, metrics }, mark: atLeast(0.7) },
        }),
        ...turns.measurements({ [`${SATURATED}: ${BUS}`]: atMost(0.2) }),
        ...turns.noise(metrics),
      ],
      method: [
        `${String(run.connections)} connections on ${String(NODES)} nodes in groups of ${String(run.groups?.size ?? 0)}, a third of each on every node; the same on one node beside it.`,
        ...TRAFFIC_METHOD,
        ...contendersMethod(systems, context),
      ],
      plots: [...phases.map((phase) => latencyPlot(turns, `${phase}: send to delivery`)), cpuPlot(turns, phases)],
    }
  },
}

async function measureOne(system: System, run: TrafficRun, context: SuiteContext): Promise<Figures> {
  if (system.name === LOCAL) return runTraffic(system, run, context)
  const options = { nodes: NODES }
  if (system.name !== rookerySystem.name) return runTraffic(system, { ...run, options }, context)
  return runTraffic(rookerySystem, { ...run, options }, context, { counter: { name: BUS, read: busMessages } })
}

async function busMessages({ cluster }: RunningRookery): Promise<number> {
  const read = cluster.nodes.map((node) => node.metric('rookery_bus_messages_total', { direction: 'out' }))
  return (await Promise.all(read)).reduce<number>((sum, count) => sum + (count ?? 0), 0)
}

function runOf(connections: number, size: number, rate: number, seconds: number): TrafficRun {
  const full = saturated(connections / 3)
  return {
    ...{ pattern: 'group', connections, groups: { group: 'group-', size }, seconds },
    ...{ warmUp: full, warmUpSeconds: Math.min(seconds, 3), phases: [atRate(rate), full] },
  }
}
