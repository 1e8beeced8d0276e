/**
 * Direct: one-to-one messages between 5,000 pairs; Rookery stores and acks every one, confirms its delivery and archives it. CPU is
 * compared at the same offered rates and at each system's own saturation.
 */
import { contenders, contendersMethod, EJABBERD, SOCKET_IO } from '../contenders.js'
import { crowdedAppend, ONE_BY_ONE } from '../fenced-append.js'
import type { Figures } from '../figures.js'
import { cpuPlot, latencyPlot, throughputPlot } from '../plots.js'
import { rookerySystem } from '../rookery-system.js'
import { atLeast, atMost } from '../rows.js'
import type { Mark, Measurement, Suite, SuiteContext } from '../suite.js'
import type { System } from '../system.js'
import { atRate, BYTES, runTraffic, SATURATED, saturated, TRAFFIC_METHOD, type TrafficRun } from '../traffic-run.js'
import { runTurns, type Turns } from '../turns.js'

const FULL = runOf(5000, [5000, 15_000], 5)
const QUICK = runOf(50, [500], 1)
/** The rate at which the marks compare. */
const MARKED_RATE = '15,000/s'
/** The same for a peer with an archive, which at the others does not deliver what it is given. */
const ARCHIVE_PHASE = atRate(500)

export const direct: Suite = {
  name: 'direct',
  line: 'one-to-one messages between 5,000 pairs: durable in Rookery, at equal rates and saturated',
  async run(context) {
    const systems = contenders(context, 'direct')
    const run = context.quick ? QUICK : fullRun(systems)
    const measure = (system: System) => measureOne(system, run, context)
    const turns = await runTurns({ suite: 'direct', systems, context, measure })
    const phases = run.phases.map(({ name }) => name)
    return {
      measurements: [
        ...phases.flatMap((phase) => ratios(turns, phase)),
        ...turns.ratio({
          ...{
            name: 'acked at saturation against fenced publishes one by one',
            of: [`${SATURATED}: acked`],
            mark: atLeast(1),
          },
          against: { system: 'rookery', metrics: [ONE_BY_ONE] },
        }),
        ...turns.measurements(),
        ...turns.noise(phases.map((phase) => `${phase}: CPU of all servers`)),
      ],
      method: [
        `${String(run.connections / 2)} pairs, both directions in turn; a relay peer stores and acks nothing, so it has no ack latency.`,
        ...TRAFFIC_METHOD,
        ...contendersMethod(systems, context),
      ],
      plots: [
        ...phases.map((phase) => latencyPlot(turns, `${phase}: send to delivery`)),
        ...[throughputPlot(turns, phases), cpuPlot(turns, phases)],
      ],
    }
  },
}

const fullRun = (systems: readonly System[]): TrafficRun =>
  systems.some(({ name }) => name === EJABBERD) ? { ...FULL, phases: [ARCHIVE_PHASE, ...FULL.phases] } : FULL

function measureOne(system: System, run: TrafficRun, context: SuiteContext): Promise<Figures> {
  if (system.name !== rookerySystem.name) return runTraffic(system, run, context)
  return runTraffic(rookerySystem, run, context, {
    before: (running) => crowdedAppend(running, run.warmUpSeconds, BYTES),
  })
}

function ratios(turns: Turns, phase: string): Measurement[] {
  const cpuOf = (names: readonly string[]) => names.map((name) => `${phase}: CPU of ${name}`)
  const isMarked = phase === SATURATED || phase.includes(MARKED_RATE)
  const marked = (mark: Mark) => (isMarked ? mark : undefined)
  const [relay, archive] = [SOCKET_IO, EJABBERD].map((system) => ({ system, metrics: cpuOf(['all servers']) }))
  if (relay === undefined || archive === undefined) return []
  const postgres = ['node-1', 'nats-server', 'postgres']
  return [
    ...turns.ratio({
      ...{ name: `CPU of node and nats-server against Socket.IO, ${phase}`, of: cpuOf(['node-1', 'nats-server']) },
      ...{ against: relay, mark: marked(atMost(1)) },
    }),
    ...turns.ratio({
      ...{ name: `CPU with Postgres against Socket.IO, ${phase}`, of: cpuOf(postgres) },
      ...{ against: relay, mark: marked(atMost(1.6)) },
    }),
    ...turns.ratio({
      ...{ name: `CPU of ejabberd with its archive against all of Rookery, ${phase}`, of: cpuOf(['all servers']) },
      ...{ against: archive, isInverse: true, ...(phase === ARCHIVE_PHASE.name && { mark: atLeast(15) }) },
    }),
  ]
}

function runOf(pairs: number, rates: readonly number[], seconds: number): TrafficRun {
  const full = saturated(pairs)
  return {
    ...{ pattern: 'direct', connections: 2 * pairs, seconds, warmUp: full, warmUpSeconds: Math.min(seconds, 3) },
    phases: [...rates.map(atRate), full],
  }
}
