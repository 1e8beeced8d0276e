/**
 * Echo: from a client to the server and back, no other client, no store. What the socket path costs by itself.
 */
import { contenders, contendersMethod } from '../contenders.js'
import { cpuPlot, latencyPlot, throughputPlot } from '../plots.js'
import type { Suite } from '../suite.js'
import { atRate, runTraffic, saturated, TRAFFIC_METHOD, type TrafficRun } from '../traffic-run.js'
import { runTurns } from '../turns.js'

const FULL = runOf(1000, [5000, 15_000], 5)
const QUICK = runOf(50, [500], 1)

export const echo: Suite = {
  name: 'echo',
  line: 'client to server and back, nothing stored: what the socket path costs by itself',
  async run(context) {
    const run = context.quick ? QUICK : FULL
    const systems = contenders(context, 'echo')
    const turns = await runTurns({
      suite: 'echo',
      systems,
      context,
      measure: (system) => runTraffic(system, run, context),
    })
    const phases = run.phases.map(({ name }) => name)
    return {
      measurements: [...turns.measurements(), ...turns.noise(phases.map((phase) => `${phase}: CPU of all servers`))],
      method: [
        `${String(run.connections)} connections in turn; Rookery answers an application ping (without the body), the others send the body back.`,
        ...TRAFFIC_METHOD,
        ...contendersMethod(systems, context),
      ],
      plots: [
        ...phases.map((phase) => latencyPlot(turns, `${phase}: send to delivery`)),
        throughputPlot(turns, phases),
        cpuPlot(turns, phases),
      ],
    }
  },
}

function runOf(connections: number, rates: readonly number[], seconds: number): TrafficRun {
  const full = saturated(2 * connections)
  return {
    ...{ pattern: 'echo', connections, seconds, warmUp: full, warmUpSeconds: Math.min(seconds, 3) },
    phases: [...rates.map(atRate), full],
  }
}
