/**
 * Rows: short ways to write a suite's measurements.
 */
import type { Usage } from './accounting.js'
import { Latency, type LatencyData, type Percentiles } from './latency.js'
import type { Mark, Measurement } from './suite.js'

export type Row = (metric: string, value: number, unit: string, mark?: Mark) => Measurement

export const rowsOf =
  (suite: string, system = 'rookery'): Row =>
  (metric, value, unit, mark) => ({
    ...{ suite, system, metric, value, unit },
    ...(mark === undefined ? {} : { mark }),
  })

export const atMost = (value: number): Mark => ({ at: 'most', value })
export const atLeast = (value: number): Mark => ({ at: 'least', value })

export type Rank = Exclude<keyof Percentiles, 'count'>

const RANKS: Readonly<Record<Rank, string>> = { p50: 'p50', p90: 'p90', p99: 'p99', p999: 'p99.9', max: 'max' }

/** p50 to max in milliseconds, marks by rank. */
export function latencyRows(
  row: Row,
  what: string,
  data: LatencyData,
  marks: Partial<Record<Rank, Mark>> = {},
): Measurement[] {
  const percentiles = percentilesOf(data)
  const ranks = Object.keys(RANKS) as Rank[]
  return ranks.map((rank) => row(`${what}, ${RANKS[rank]}`, percentiles[rank], 'ms', marks[rank]))
}

export const percentilesOf = (data: LatencyData): Percentiles => new Latency(data.counts, data.max).percentiles()

/** CPU seconds of every server process. */
export const cpuRows = (row: Row, what: string, usage: Usage): Measurement[] =>
  Object.entries(usage).map(([name, { cpu }]) => row(`${what}: CPU of ${name}`, cpu, 's'))

/** CPU seconds of all servers together. */
export const cpuOf = (usage: Usage): number => Object.values(usage).reduce((sum, { cpu }) => sum + cpu, 0)
