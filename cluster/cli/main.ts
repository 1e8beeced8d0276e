#!/usr/bin/env node
/**
 * The command `rookery`. Each command is a file beside this one; what it needs is loaded when it runs. Exit code 0: done;
 * 1: it failed; 2: what was asked for or configured is wrong. Errors say what to do.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config-error.js'
import { packageRoot } from '../package-root.js'
import { benchCommand, replayCommand } from './bench.js'
import { checkConfigCommand } from './check-config.js'
import { doctorCommand } from './doctor.js'
import { nodesCommand } from './nodes.js'
import { printConfigCommand } from './print-config.js'
import { startCommand } from './start.js'
import { tokenCommand } from './token.js'
import { UsageError } from './usage-error.js'

const AFTER_HELP = `
Settings come from defaults < rookery.json (or --config FILE) < ROOKERY_* variables < flags;
\`rookery print-config\` explains each. \`rookery COMMAND --help\` explains a command.`

function rookery(): Command {
  const program = new Command('rookery')
    .description('An actor-model connection cluster for real-time messaging')
    .version(version())
    .addHelpText('after', AFTER_HELP)
    .enablePositionalOptions()
  for (const command of commands()) program.addCommand(command.copyInheritedSettings(program))
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError('(--help says more)')
  return program
}

const commands = () => [
  startCommand(),
  tokenCommand(),
  nodesCommand(),
  doctorCommand(),
  checkConfigCommand(),
  printConfigCommand(),
  replayCommand(),
  benchCommand(),
]

function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return version
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(`rookery: ${textOf(error)}\n`)
  return error instanceof ConfigError || error instanceof UsageError ? 2 : 1
}

/** What was thrown on purpose explains itself; a TypeError and its kind are ours, and need the stack. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  return ours ? (error.stack ?? error.message) : error.message
}

try {
  await rookery().parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}
