/**
 * Connect: how fast connections are made and authenticated, as many at once as the accept queue takes.
 */
import { contenders, contendersMethod, SOCKET_IO, UWS } from '../contenders.js'
import { latencyFigures, type Figures } from '../figures.js'
import { withFleet } from '../load/fleet.js'
import { latencyPlot } from '../plots.js'
import { atMost } from '../rows.js'
import type { Mark, Measurement, Suite } from '../suite.js'
import { withSystem, type System } from '../system.js'
import { usageBetween } from '../accounting.js'
import { runTurns, type Turns } from '../turns.js'

const FULL = 15_000
const QUICK = 300
const GENERATORS = 2
const SECONDS = 'time to connect all'
const LATENCY = 'begin to ready'

export const connect: Suite = {
  name: 'connect',
  line: '15,000 connections at once: handshakes, and tokens where the system checks them',
  async run(context) {
    const count = context.quick ? QUICK : FULL
    const systems = contenders(context, 'idle')
    const measure = (system: System) => measureOne(system, count)
    const turns = await runTurns({ suite: 'connect', systems, context, measure })
    return {
      measurements: [
        ...ratio(turns, UWS, atMost(2.5)),
        ...ratio(turns, SOCKET_IO, atMost(1)),
        ...turns.measurements(),
        ...turns.noise([SECONDS]),
      ],
      method: [
        `${String(count)} connections from ${String(GENERATORS)} generators, at most 256 under way; Rookery checks a token (JWT) of each and tells the directory and presence.`,
        'The time is that of the slower generator. What a resume of conversations adds is in the suite `storm`.',
        ...contendersMethod(systems, context),
      ],
      plots: [latencyPlot(turns, LATENCY)],
    }
  },
}

const ratio = (turns: Turns, system: string, mark: Mark): Measurement[] =>
  turns.ratio({ name: `time against ${system}`, of: [SECONDS], against: { system, metrics: [SECONDS] }, mark })

const measureOne = (system: System, count: number): Promise<Figures> =>
  withSystem(system, { nodes: 1 }, (running) =>
    withFleet(GENERATORS, async (fleet): Promise<Figures> => {
      const [before, loadBefore] = [running.usage(), fleet.cpu]
      const { seconds, latency } = await fleet.connect({ target: running.target, prefix: 'user-', count })
      const loads = fleet.cpu.map((cpu, index) => (cpu - (loadBefore[index] ?? 0)) / seconds)
      const usage = Object.entries(usageBetween(before, running.usage()))
      return {
        [SECONDS]: { value: seconds, unit: 's' },
        connected: { value: count / seconds, unit: 'connections/s' },
        ...latencyFigures(LATENCY, latency),
        ...Object.fromEntries(
          usage.map(([name, { cpu }]) => [
            `CPU of ${name}`,
            { value: (cpu * 1e6) / count, unit: 'ms per 1,000 connections' },
          ]),
        ),
        'CPU of the busiest load generator': { value: 100 * Math.max(...loads), unit: '% of a core' },
      }
    }),
  )
