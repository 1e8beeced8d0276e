/**
 * `rookery bench` and `rookery replay`: run the programs of bench/ in a process of their own with the arguments as they are.
 * A node never loads a line of them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'

export const benchCommand = (): Command =>
  passedOn('bench', 'run benchmark suites; without arguments list them', '../../bench/main.js')

export const replayCommand = (): Command =>
  passedOn('replay', 'drive a cluster with a chat log and prove that nothing is lost', '../../bench/replay/main.js')

function passedOn(name: string, description: string, program: string): Command {
  return new Command(name)
    .description(description)
    .argument('[arguments...]', 'passed on as they are; --help explains them')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((rest: string[]) => run(fileURLToPath(new URL(program, import.meta.url)), rest))
}

/** Signals of the terminal reach the child by themselves; we only wait for what it makes of them. */
async function run(program: string, rest: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...rest], { stdio: 'inherit' })
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'exit')) as [number | null]
  process.exitCode = code ?? 1
}
