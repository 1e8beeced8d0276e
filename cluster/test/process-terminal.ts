/**
 * Process terminal: what a person does in a terminal, as a child process: runs a command, reads what it prints, types lines,
 * presses Ctrl-C. And wscat, the program the welcome text tells them to use.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Test } from 'tap'
import { CLI } from './process-node.js'
import { until, within } from './process-until.js'

const READY_MS = 60_000
const END_MS = 20_000

export class Terminal {
  text = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exited: Promise<number | null>

  constructor(t: Test, file: string, args: readonly string[], dir: string, env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(file, args, { cwd: dir, env: { PATH: process.env['PATH'], ...env } })
    for (const output of [this.#child.stdout, this.#child.stderr])
      output.on('data', (data: Buffer) => (this.text += data.toString()))
    this.#child.stdin.on('error', () => undefined)
    this.#exited = once(this.#child, 'exit').then(([code]) => code as number | null)
    t.teardown(() => this.#finish())
  }

  /** In order, so that it takes with it what it started. */
  async #finish(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.end().catch(() => this.#child.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves with what the pattern found, as soon as it is printed. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`${String(pattern)} is printed`, () => pattern.exec(this.text), READY_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}, but:\n${this.text.slice(-2_000)}`)
    })
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, null when a signal ended it. */
  end(): Promise<number | null> {
    return within(`the process ends; it printed:\n${this.text.slice(-500)}`, this.#exited, END_MS)
  }
}

/** `rookery start` on ports of the test's choice. */
export const rookery = (t: Test, dir: string, flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  new Terminal(t, process.execPath, ['--enable-source-maps', CLI, 'start', ...flags], dir, env)

const WSCAT = join(createRequire(import.meta.url).resolve('wscat/package.json'), '..', 'bin', 'wscat')

/** The command line the welcome text prints after `npx wscat`. */
export const wscat = (t: Test, dir: string, args: readonly string[]) =>
  new Terminal(t, process.execPath, [WSCAT, ...args], dir)

/** Processes that run below a folder: those whose command line names it. */
export function processesIn(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => commandLine(pid))
    .filter((command) => command.includes(dir))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
