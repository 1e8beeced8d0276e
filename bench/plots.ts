/**
 * Plots that several suites draw, from the medians of their turns.
 */
import type { Plot } from './suite.js'
import type { Turns } from './turns.js'

/** Where each percentile stands: the slowest one in so many. */
const RANKS = [
  ['p50', 2],
  ['p90', 10],
  ['p99', 100],
  ['p99.9', 1000],
] as const

/** `what` as in `at 15,000/s: send to delivery`, a line for each system. */
export const latencyPlot = (turns: Turns, what: string): Plot => ({
  title: `${what}: latency of the slowest`,
  x: { title: 'one in so many (10 is p90, 100 is p99, 1,000 is p99.9)', scale: 'log' },
  y: { title: 'milliseconds', scale: 'log' },
  lines: linesOf(turns, (system) => RANKS.map(([rank, x]) => [x, turns.median(system, `${what}, ${rank}`)] as const)),
})

/** What came of what was offered, in each phase. */
export const throughputPlot = (turns: Turns, phases: readonly string[]): Plot => ({
  title: 'Throughput against offered load (the last point of each line: closed loop)',
  x: { title: 'offered, messages/s', scale: 'log' },
  y: { title: 'delivered, deliveries/s', scale: 'log' },
  lines: linesOf(turns, (system) =>
    phases.map(
      (phase) => [turns.median(system, `${phase}: offered`), turns.median(system, `${phase}: delivered`)] as const,
    ),
  ),
})

export const cpuPlot = (turns: Turns, phases: readonly string[]): Plot => ({
  title: 'CPU of all servers against delivered load',
  x: { title: 'delivered, deliveries/s', scale: 'log' },
  y: { title: 'CPU ms per 1,000 delivered', scale: 'log' },
  lines: linesOf(turns, (system) =>
    phases.map(
      (phase) =>
        [turns.median(system, `${phase}: delivered`), turns.median(system, `${phase}: CPU of all servers`)] as const,
    ),
  ),
})

export function linesOf(
  turns: Turns,
  pointsOf: (system: string) => readonly (readonly [number | undefined, number | undefined])[],
): Plot['lines'] {
  const isKnown = (point: readonly [number | undefined, number | undefined]): point is readonly [number, number] =>
    point[0] !== undefined && point[1] !== undefined
  return turns.systems.map((name) => ({ name, points: pointsOf(name).filter(isKnown) }))
}
