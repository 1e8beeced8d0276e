/**
 * `npm run bench`: lists the suites; with names runs them one after the other. Progress goes to standard error, results to
 * standard output. A mark that is missed is told, not an error: exit code 1 means a suite could not run.
 */
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { thisMachine } from './machine.js'
import { reportObject, reportText } from './report.js'
import type { Measurement, Suite } from './suite.js'
import { smoke } from './suites/smoke.js'

const SUITES: readonly Suite[] = [smoke]

interface Options {
  readonly quick: boolean
  /** A file; `-` is standard output; true is the same. */
  readonly json?: string | true
}

async function main(): Promise<void> {
  const command = describe()
  command.parse()
  const options = command.opts<Options>()
  const unknown = command.args.filter((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown.length > 0) command.error(`error: no suite ${unknown.join(', ')}; there are: ${names()}`, { exitCode: 2 })
  const wanted = SUITES.filter(({ name }) => command.args.includes(name))
  if (wanted.length === 0) process.stdout.write(list())
  else await runAll(wanted, options)
}

function describe(): Command {
  return new Command('bench')
    .description('Runs benchmark suites on this machine; without names lists them.')
    .argument('[suites...]', names())
    .option('--quick', 'small and short, to see that a suite runs', false)
    .option('--json [file]', 'measurements as JSON, one object per line, to a file or (-) to standard output')
}

const names = () => SUITES.map(({ name }) => name).join(', ')

const list = () => SUITES.map(({ name, line }) => `${name.padEnd(10)} ${line}\n`).join('')

async function runAll(suites: readonly Suite[], { quick, json }: Options): Promise<void> {
  const isPlain = json === undefined || !toStdout(json)
  const machine = thisMachine()
  const all: Measurement[] = []
  for (const suite of suites) {
    const note = (text: string) => process.stderr.write(`${suite.name}: ${text}\n`)
    const result = await suite.run({ quick, note, peers: [], progress: () => undefined })
    all.push(...result.measurements)
    if (isPlain) process.stdout.write(`${reportText(suite.name, machine, result)}\n`)
  }
  if (json === undefined) return
  const objects = all.map((measurement) => `${JSON.stringify(reportObject(measurement))}\n`).join('')
  if (toStdout(json)) process.stdout.write(objects)
  else await writeFile(json as string, objects)
}

const toStdout = (json: string | true): boolean => json === true || json === '-'

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
