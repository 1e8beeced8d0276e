/**
 * Report: measurements for people, as a table, and for programs, one JSON object per line.
 */
import { machineLine, type Machine } from './machine.js'
import { isMet, ratioOf, type Measurement, type SuiteResult } from './suite.js'

export function reportText(name: string, machine: Machine, { measurements, method }: SuiteResult): string {
  const widest = Math.max(...measurements.map(({ metric }) => metric.length))
  const rows = measurements.map(
    (row) => `  ${row.metric.padEnd(widest)}  ${figure(row.value).padStart(10)} ${verdict(row)}`,
  )
  return [name, `  ${machineLine(machine)}`, ...method.map((line) => `  ${line}`), '', ...rows, ''].join('\n')
}

/** suite, system, metric, value, unit, and where there is a mark also mark, ratio, met. */
export function reportObject(measurement: Measurement): Record<string, unknown> {
  const { mark, ...plain } = measurement
  if (mark === undefined) return plain
  return { ...plain, mark: mark.value, ratio: ratioOf(measurement, mark), met: isMet(measurement, mark) }
}

function verdict(row: Measurement): string {
  if (row.mark === undefined) return row.unit
  const wanted = `${row.mark.at === 'least' ? 'at least' : 'at most'} ${figure(row.mark.value)}`
  return `${row.unit}  (mark: ${wanted}, ${isMet(row, row.mark) ? 'met' : 'missed'})`
}

function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
