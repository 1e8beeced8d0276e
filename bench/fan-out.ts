/**
 * Fan-out: groups of one size under load, saturated and at a fixed rate, and the ratios that the marks of groups and rooms are about.
 */
import { contenders, contendersMethod, EJABBERD, SOCKET_IO, UWS } from './contenders.js'
import { cpuPlot, latencyPlot } from './plots.js'
import { atLeast, atMost } from './rows.js'
import type { Measurement, SuiteContext, SuiteResult } from './suite.js'
import { atRate, runTraffic, SATURATED, saturated, TRAFFIC_METHOD, type TrafficRun } from './traffic-run.js'
import { RUNS, runTurns, type Turns } from './turns.js'

/** Rounds of a size without marks. */
const UNMARKED_RUNS = 3

export interface FanOutPlan {
  readonly suite: string
  /** Names of groups begin with it. */
  readonly group: string
  readonly size: number
  readonly connections: number
  /** Messages/s of the paced phase. */
  readonly rate: number
  /** Messages under way when saturated. */
  readonly window: number
  readonly seconds: number
  readonly hasMarks: boolean
}

export async function fanOut(plan: FanOutPlan, context: SuiteContext): Promise<SuiteResult> {
  const run = runOf(plan)
  const runs = plan.hasMarks ? RUNS : UNMARKED_RUNS
  const systems = contenders(context, 'group')
  const turns = await runTurns({
    ...{ suite: plan.suite, systems, context },
    runs,
    measure: (system) => runTraffic(system, run, context),
  })
  const phases = run.phases.map(({ name }) => name)
  const of = ` (${String(plan.size)} members)`
  const measurements = [
    ...efficiencies(turns, plan),
    ...turns.measurements(),
    ...turns.noise(phases.map((phase) => `${phase}: CPU of all servers`)),
  ]
  return {
    measurements: measurements.map((row) => ({ ...row, metric: `${String(plan.size)} members: ${row.metric}` })),
    method: [
      `${String(plan.connections)} connections in groups of ${String(plan.size)}; groups and their members send in turn; a delivery is one to one of the others.`,
      ...TRAFFIC_METHOD,
      ...contendersMethod(systems, context, runs),
    ],
    plots: [...phases.map((phase) => latencyPlot(turns, `${phase}: send to delivery`)), cpuPlot(turns, phases)].map(
      (plot) => ({ ...plot, title: plot.title + of }),
    ),
  }
}

/** CPU of the others over ours: how many deliveries we make with the CPU that one costs them. */
function efficiencies(turns: Turns, { rate, hasMarks }: FanOutPlan): Measurement[] {
  const cpuAt = (phase: string) => [`${phase}: CPU of all servers`]
  const wanted = { [UWS]: 0.85, ws: 2.5, [SOCKET_IO]: 4, [EJABBERD]: 20 }
  const saturation = Object.entries(wanted).flatMap(([system, least]) =>
    turns.ratio({
      ...{ name: `deliveries per CPU second against ${system}, ${SATURATED}`, of: cpuAt(SATURATED), isInverse: true },
      ...{ against: { system, metrics: cpuAt(SATURATED) }, mark: hasMarks ? atLeast(least) : undefined },
    }),
  )
  const { name } = atRate(rate)
  const paced = turns.ratio({
    ...{ name: `CPU against ${UWS}, ${name}`, of: cpuAt(name), mark: hasMarks ? atMost(1.3) : undefined },
    against: { system: UWS, metrics: cpuAt(name) },
  })
  return [...saturation, ...paced]
}

function runOf({ group, size, connections, rate, window, seconds }: FanOutPlan): TrafficRun {
  const full = saturated(window)
  return {
    ...{ pattern: 'group', connections, groups: { group, size }, seconds },
    ...{ warmUp: full, warmUpSeconds: Math.min(seconds, 3), phases: [atRate(rate), full] },
  }
}
