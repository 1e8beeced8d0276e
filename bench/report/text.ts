/**
 * Report for the terminal, as a table with a column for each system; and for programs, one JSON object per measurement.
 */
import { machineLine } from '../machine.js'
import { isMet, ratioOf, type Mark, type Measurement } from '../suite.js'
import type { ReportDocument, SuiteReport } from './document.js'
import { figure, tableOf, type TableRow } from './table.js'

/** A paragraph for each suite and one for what they ran on. */
export function reportText(report: ReportDocument): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`)
  return [
    machineLine(report.machine),
    versions.join(', '),
    ...report.missing.map(({ name, install }) => `${name} is not installed: ${install}`),
    ...report.suites.map((suite) => `\n${suiteText(suite)}`),
    ...report.failures.map(({ name, error }) => `\n${name} FAILED: ${error}`),
    '',
  ].join('\n')
}

function suiteText({ name, line, result, seconds }: SuiteReport): string {
  const { systems, rows } = tableOf(result.measurements)
  const widest = Math.max(...rows.map(({ metric }) => metric.length))
  const width = Math.max(12, ...systems.map((system) => system.length + 2))
  const head = ' '.repeat(widest) + systems.map((system) => system.padStart(width)).join('')
  return [
    `${name}: ${line} (${seconds.toFixed(0)} s)`,
    ...result.method.map((sentence) => `  ${sentence}`),
    '',
    `  ${head}`,
    ...rows.map((row) => `  ${row.metric.padEnd(widest)}${cells(row, systems, width)}  ${row.unit}${verdict(row)}`),
  ].join('\n')
}

const cells = ({ values }: TableRow, systems: readonly string[], width: number): string =>
  systems.map((system) => (values.has(system) ? figure(values.get(system) ?? NaN) : '').padStart(width)).join('')

function verdict({ marked }: TableRow): string {
  if (marked?.mark === undefined) return ''
  return `  (mark: ${markText(marked.mark)}, ${isMet(marked, marked.mark) ? 'met' : 'missed'})`
}

export const markText = ({ at, value }: Mark): string => `${at === 'least' ? 'at least' : 'at most'} ${figure(value)}`

/** suite, system, metric, value, unit, and where there is a mark also mark, ratio, met. */
export function reportObject(measurement: Measurement): Record<string, unknown> {
  const { mark, ...plain } = measurement
  if (mark === undefined) return plain
  return { ...plain, mark: mark.value, ratio: ratioOf(measurement, mark), met: isMet(measurement, mark) }
}
