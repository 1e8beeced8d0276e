/**
 * Table: measurements of one suite by metric, with a column for each system, in the order in which they were given.
 */
import type { Measurement } from '../suite.js'

export interface TableRow {
  readonly metric: string
  readonly unit: string
  /** By system. */
  readonly values: Map<string, number>
  /** The measurement with a mark, if one has. */
  marked: Measurement | undefined
}

export interface Table {
  readonly systems: readonly string[]
  readonly rows: readonly TableRow[]
}

export function tableOf(measurements: readonly Measurement[]): Table {
  const rows = new Map<string, TableRow>()
  for (const measurement of measurements) {
    const { system, metric, unit, value, mark } = measurement
    const key = `${metric}\n${unit}`
    const row = rows.get(key) ?? { metric, unit, values: new Map(), marked: undefined }
    row.values.set(system, value)
    if (mark !== undefined) row.marked = measurement
    rows.set(key, row)
  }
  return { systems: [...new Set(measurements.map(({ system }) => system))], rows: byPhase([...rows.values()]) }
}

/** Metrics of one phase (`saturated: …`) together, also those that only a later system has. */
function byPhase(rows: readonly TableRow[]): TableRow[] {
  const phases = [...new Set(rows.map((row) => phaseOf(row)[0]))]
  return phases.flatMap((phase) => rows.filter((row) => phaseOf(row)[0] === phase))
}

/** `100 members: saturated: delivered` is `delivered` of the phase `100 members: saturated`. */
export function phaseOf({ metric }: TableRow): [phase: string, metric: string] {
  const at = metric.lastIndexOf(': ')
  return at < 0 ? ['', metric] : [metric.slice(0, at), metric.slice(at + 2)]
}

/** Three digits or so, for people. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 || value === 0 ? 2 : 4
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
