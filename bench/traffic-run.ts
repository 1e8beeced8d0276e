/**
 * Traffic run: one system under the same connections, groups and phases of load as the others, from its start to its end. What most
 * suites do in turns.
 */
import { observe, trafficFigures, type Figures } from './figures.js'
import { withFleet, type Fleet } from './load/fleet.js'
import type { GroupPlan, Pattern, Pressure } from './load/orders.js'
import type { SuiteContext } from './suite.js'
import { withSystem, type RunningSystem, type System, type SystemOptions } from './system.js'

/** Sockets a generator holds. */
const PER_GENERATOR = 15_000

/** Bytes of a message's content in every suite. */
export const BYTES = 128

export interface Phase {
  readonly name: string
  readonly pressure: Pressure
}

export interface TrafficRun {
  readonly pattern: Pattern
  readonly connections: number
  readonly groups?: GroupPlan
  readonly options?: SystemOptions
  /** Closed loop before the first phase. */
  readonly warmUp: Phase
  readonly warmUpSeconds: number
  readonly phases: readonly Phase[]
  readonly seconds: number
}

type Starter<R extends RunningSystem> = Pick<System, 'name'> & { start(options: SystemOptions): Promise<R> }

/** What else a suite measures of a running system. */
export interface Extras<R> {
  /** Before the load comes. */
  before?(running: R): Promise<Figures>
  /** A counter of the system, told per message of each phase. */
  readonly counter?: { readonly name: string; read(running: R): Promise<number> }
}

export function runTraffic<R extends RunningSystem>(
  system: Starter<R>,
  run: TrafficRun,
  context: Pick<SuiteContext, 'note'>,
  extras: Extras<R> = {},
): Promise<Figures> {
  const generators = Math.ceil(run.connections / PER_GENERATOR)
  return withSystem(system, run.options ?? { nodes: 1 }, (running) =>
    withFleet(generators, async (fleet) => {
      const before = await extras.before?.(running)
      context.note(`${system.name}: opening ${String(run.connections)} connections`)
      await open(fleet, running, run)
      return { ...before, ...(await measurePhases(system.name, running, fleet, run, context, extras)) }
    }),
  )
}

async function open(fleet: Fleet, { target }: RunningSystem, { connections, groups }: TrafficRun): Promise<void> {
  const isWhole = groups !== undefined && groups.size < connections / fleet.processes.length
  await fleet.connect({ target, prefix: 'user-', count: connections }, isWhole ? groups.size : 2)
  if (groups !== undefined) await fleet.join(groups)
}

async function measurePhases<R extends RunningSystem>(
  name: string,
  running: R,
  fleet: Fleet,
  { pattern, warmUp, warmUpSeconds, phases, seconds }: TrafficRun,
  context: Pick<SuiteContext, 'note'>,
  { counter }: Extras<R>,
): Promise<Figures> {
  const plan = { pattern, seconds, bytes: BYTES }
  context.note(`${name}: warming up`)
  await fleet.run({ ...plan, pressure: warmUp.pressure, seconds: warmUpSeconds })
  await running.settled?.()
  let figures: Figures = {}
  for (const phase of phases) {
    context.note(`${name}: ${phase.name}`)
    const countBefore = (await counter?.read(running)) ?? 0
    const observed = await observe(running, fleet, { ...plan, pressure: phase.pressure })
    figures = { ...figures, ...trafficFigures(phase.name, observed) }
    if (counter === undefined) continue
    const value = ((await counter.read(running)) - countBefore) / observed.result.sent
    figures = { ...figures, [`${phase.name}: ${counter.name}`]: { value, unit: 'per message' } }
  }
  return figures
}

/** In the report's words. */
export const atRate = (rate: number): Phase => ({
  name: `at ${rate.toLocaleString('en-US')}/s`,
  pressure: { kind: 'open', rate },
})

export const SATURATED = 'saturated'
export const saturated = (window: number): Phase => ({ name: SATURATED, pressure: { kind: 'closed', window } })

/** What every suite of traffic says of its method. */
export const TRAFFIC_METHOD = [
  `${String(BYTES)} B bodies, no TLS, no compression; raw clients in processes of their own.`,
  'Latency counts from the intended send time: open loop at a fixed rate, closed loop when saturated.',
  'CPU is that of every server process, from the first message until all had arrived and was archived.',
]
