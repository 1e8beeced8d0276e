/**
 * The report as one page that needs nothing else: marks first, then plots, every figure, and how it was measured.
 */
import { machineLine } from '../machine.js'
import { isMet, type Measurement } from '../suite.js'
import type { ReportDocument, SuiteFailure, SuiteReport } from './document.js'
import { COLOURS, STYLE } from './style.js'
import { escapeHtml, plotSvg } from './svg.js'
import { figure, phaseOf, tableOf, type Table } from './table.js'
import { markText } from './text.js'

const NOISE = /^(?:.*: )?(?:noise floor|spread of the runs)/

export function reportHtml(report: ReportDocument): string {
  const names = [...report.suites, ...report.failures].map(({ name }) => name)
  const colourOf = colours(report)
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Rookery benchmark: ${escapeHtml(names.join(', '))}</title><style>${STYLE}</style></head><body>`,
    head(report, names),
    ...report.suites.map((suite) => section(suite, colourOf)),
    ...report.failures.map(failure),
    '</body></html>',
  ].join('\n')
}

/** A system has the same colour in every plot; other lines follow. */
function colours({ suites }: ReportDocument): (name: string) => string {
  const systems = suites.flatMap(({ result }) => result.measurements.map(({ system }) => system))
  const lines = suites.flatMap(({ result }) =>
    (result.plots ?? []).flatMap((plot) => plot.lines.map(({ name }) => name)),
  )
  const names = [...new Set([...systems, ...lines])]
  return (name) => `c${String(names.indexOf(name) % COLOURS)}`
}

function head(report: ReportDocument, names: readonly string[]): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`)
  const missing = report.missing.map(({ name, install }) => `${name} (<code>${escapeHtml(install)}</code>)`)
  return [
    '<header><h1>Rookery benchmark</h1>',
    report.quick ? '<p class="warning">A quick run: it shows that the suites run. Its figures mean little.</p>' : '',
    `<nav>${names.map((name) => `<a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`).join('')}</nav><dl>`,
    entry('measured', escapeHtml(report.begun.toISOString().replace('T', ' ').slice(0, 16)) + ' UTC'),
    entry('command', `<code>${escapeHtml(report.command)}</code>`),
    entry('machine', escapeHtml(machineLine(report.machine))),
    entry('versions', escapeHtml(versions.join(', '))),
    missing.length === 0 ? '' : entry('not installed', missing.join(', ')),
    '</dl></header>',
  ].join('\n')
}

const entry = (name: string, value: string): string => `<dt>${name}</dt><dd>${value}</dd>`

const failure = ({ name, line, error }: SuiteFailure): string =>
  `<section id="${escapeHtml(name)}"><h2>${escapeHtml(name)}</h2><p class="soft">${escapeHtml(line)}</p><p class="warning">Failed: ${escapeHtml(error)}</p></section>`

function section({ name, line, result, seconds }: SuiteReport, colourOf: (name: string) => string): string {
  const { measurements, method, plots = [] } = result
  const [noise, figures] = [measurements.filter(isNoise), measurements.filter((row) => !isNoise(row))]
  return [
    `<section id="${escapeHtml(name)}"><h2>${escapeHtml(name)}</h2><p class="soft">${escapeHtml(line)}</p>`,
    marks(measurements),
    saturation(measurements),
    `<div class="plots">${plots.map((plot) => plotSvg(plot, colourOf)).join('\n')}</div>`,
    `<details${plots.length > 2 ? '' : ' open'}><summary>All figures</summary>${table(tableOf(figures))}</details>`,
    noise.length === 0 ? '' : `<details><summary>Noise floor</summary>${table(tableOf(noise))}</details>`,
    `<details open><summary>Method</summary><ul>${method.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`,
    `<p class="soft">The suite took ${figure(seconds)} s.</p></details></section>`,
  ].join('\n')
}

const isNoise = ({ metric }: Measurement): boolean => NOISE.test(metric)

/** Generators above four fifths of a core were the bottleneck, not the system. */
function saturation(measurements: readonly Measurement[]): string {
  const busy = measurements.filter(({ metric, value }) => metric.endsWith('load generator') && value > 80)
  if (busy.length === 0) return ''
  const which = busy.map(
    ({ system, metric, value }) => `${system}, ${metric.split(': CPU')[0] ?? ''} (${figure(value)} %)`,
  )
  return `<p class="warning">The load generator was the bottleneck (above 80 % of a core): ${escapeHtml(which.join('; '))}.</p>`
}

function marks(measurements: readonly Measurement[]): string {
  const rows = measurements.flatMap((row) => (row.mark === undefined ? [] : [{ row, mark: row.mark }]))
  if (rows.length === 0) return ''
  const cells = rows.map(({ row, mark }) => {
    const [verdict, sign] = isMet(row, mark) ? ['met', '✓'] : ['missed', '✗']
    return `<tr><td>${escapeHtml(row.metric)}</td><td>${figure(row.value)}</td><td class="unit">${escapeHtml(row.unit)}</td><td>${markText(mark)}</td><td class="${verdict}">${sign} ${verdict}</td></tr>`
  })
  return `<h3>Marks</h3><div class="scroll"><table><thead><tr><th>mark</th><th>measured</th><th></th><th>to reach</th><th></th></tr></thead><tbody>${cells.join('\n')}</tbody></table></div>`
}

/** Metrics of one phase (`saturated: …`) stand under its name. */
function table({ systems, rows }: Table): string {
  const columns = `<thead><tr><th></th>${systems.map((system) => `<th>${escapeHtml(system)}</th>`).join('')}<th></th></tr></thead>`
  let current = ''
  const lines = rows.map((row) => {
    const [phase, metric] = phaseOf(row)
    const title =
      phase === current || phase === ''
        ? ''
        : `<tr><th class="group" colspan="${systems.length + 2}">${escapeHtml(phase)}</th></tr>`
    current = phase
    const values = systems.map(
      (system) => `<td>${row.values.has(system) ? figure(row.values.get(system) ?? NaN) : ''}</td>`,
    )
    return `${title}<tr><td>${escapeHtml(metric)}</td>${values.join('')}<td class="unit">${escapeHtml(row.unit)}</td></tr>`
  })
  return `<div class="scroll"><table>${columns}<tbody>${lines.join('\n')}</tbody></table></div>`
}
