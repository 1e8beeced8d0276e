/**
 * `npm run bench`: lists the suites; with names runs them one after the other. Progress goes to standard error, results to
 * standard output and into a report. A mark that is missed is told, not an error: exit code 1 means a suite could not run.
 */
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { thisMachine } from './machine.js'
import { PEERS } from './peers/all.js'
import { showProgress } from './progress.js'
import type { ReportDocument, SuiteFailure, SuiteReport } from './report/document.js'
import { writeReport } from './report/files.js'
import { reportObject, reportText } from './report/text.js'
import { rookerySystem } from './rookery-system.js'
import type { Suite } from './suite.js'
import { SUITES } from './suites/all.js'
import type { System } from './system.js'
import { versionsOf } from './versions.js'

interface Options {
  readonly quick: boolean
  /** Names with commas between, or `all`. */
  readonly peers?: string
  /** A file; `-` is standard output; true is the same. */
  readonly json?: string | true
}

async function main(): Promise<void> {
  const command = describe()
  command.parse()
  const options = command.opts<Options>()
  const suites = chosen(command, 'suite', SUITES, command.args)
  const asked = options.peers === 'all' ? PEERS : chosen(command, 'peer', PEERS, options.peers?.split(',') ?? [])
  if (suites.length === 0) process.stdout.write(list())
  else await runAll(suites, asked, options)
}

function describe(): Command {
  return new Command('bench')
    .description('Runs benchmark suites on this machine; without names lists them.')
    .argument('[suites...]', namesOf(SUITES))
    .option('--peers <names>', `measure these beside Rookery: ${namesOf(PEERS)}, with commas between, or all`)
    .option('--quick', 'small and short, to see that a suite runs', false)
    .option('--json [file]', 'measurements as JSON, one object per line, to a file or (-) to standard output')
}

const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(', ')

const list = () => SUITES.map(({ name, line }) => `${name.padEnd(10)} ${line}\n`).join('')

function chosen<T extends { readonly name: string }>(
  command: Command,
  what: string,
  all: readonly T[],
  names: readonly string[],
): T[] {
  const unknown = names.filter((wanted) => !all.some(({ name }) => name === wanted))
  if (unknown.length > 0)
    command.error(`error: no ${what} ${unknown.join(', ')}; there are: ${namesOf(all)}`, { exitCode: 2 })
  return all.filter(({ name }) => names.includes(name))
}

async function runAll(suites: readonly Suite[], asked: readonly System[], options: Options): Promise<void> {
  const peers = asked.filter((peer) => peer.version() !== null)
  const missing = asked.filter((peer) => !peers.includes(peer)).map(({ name, install }) => ({ name, install }))
  for (const { name, install } of missing) process.stderr.write(`${name} is not installed: ${install}\n`)
  const [begun, machine] = [new Date(), thisMachine()]
  const results: SuiteReport[] = []
  const failures: SuiteFailure[] = []
  for (const suite of suites) {
    const outcome = await runOne(suite, peers, options.quick)
    if ('error' in outcome) failures.push(outcome)
    else results.push(outcome)
  }
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
  const versions = versionsOf([rookerySystem, ...peers])
  await tell({ begun, command, quick: options.quick, machine, versions, missing, suites: results, failures }, options)
}

/** A suite that fails says so and lets the others run. */
async function runOne(suite: Suite, peers: readonly System[], quick: boolean): Promise<SuiteReport | SuiteFailure> {
  const { name, line } = suite
  const [shown, start] = [showProgress(name), Date.now()]
  const context = {
    quick,
    peers,
    note: (text: string) => shown.note(text),
    progress: (share: number) => shown.update(share),
  }
  try {
    const result = await suite.run(context)
    return { name, line, result, seconds: (Date.now() - start) / 1000 }
  } catch (error) {
    process.exitCode = 1
    return { name, line, error: error instanceof Error ? error.message : String(error) }
  } finally {
    shown.stop()
  }
}

async function tell(report: ReportDocument, { json }: Options): Promise<void> {
  for (const { name, error } of report.failures) process.stderr.write(`bench: ${name} failed: ${error}\n`)
  const path = await writeReport(report)
  process.stderr.write(`report: ${path}\n`)
  const measurements = report.suites.flatMap(({ result }) => result.measurements)
  const objects = measurements.map((measurement) => `${JSON.stringify(reportObject(measurement))}\n`).join('')
  if (json === true || json === '-') process.stdout.write(objects)
  else process.stdout.write(reportText(report))
  if (typeof json === 'string' && json !== '-') await writeFile(json, objects)
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
