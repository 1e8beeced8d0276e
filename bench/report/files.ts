/**
 * Files: a report on disk, in `bench-reports/` of the folder one works in: the page to read and everything in it as JSON.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReportDocument } from './document.js'
import { reportHtml } from './html.js'
import { reportObject } from './text.js'

const FOLDER = 'bench-reports'
const NAME_LENGTH = 80

/** Answers the path of the page. */
export async function writeReport(report: ReportDocument): Promise<string> {
  const names = [...report.suites, ...report.failures].map(({ name }) => name).join('-')
  const time = report.begun.toISOString().replaceAll(':', '').slice(0, 17)
  const base = join(FOLDER, `${time}-${names}`.slice(0, NAME_LENGTH))
  await mkdir(FOLDER, { recursive: true })
  await writeFile(`${base}.json`, `${JSON.stringify(plain(report), undefined, 2)}\n`)
  await writeFile(`${base}.html`, reportHtml(report))
  return `${base}.html`
}

const plain = (report: ReportDocument) => ({
  ...report,
  suites: report.suites.map(({ result, ...suite }) => ({
    ...suite,
    method: result.method,
    measurements: result.measurements.map(reportObject),
    plots: result.plots ?? [],
  })),
})
