/**
 * A server as a child process: its output goes to a file, its end is awaited, its last lines explain a failure. It lives in
 * a session of its own, so Ctrl-C reaches only us; should we die without stopping it, the kernel ends it where `setpriv`
 * exists, and the launchers of embedded servers also end with their standard input.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const SETPRIV = '/usr/bin/setpriv'
const STOP_MS = 30_000

export interface ServerCommand {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Standard output and standard error are appended here; the process works in its folder. */
  readonly log: string
}

export class ServerProcess {
  readonly name: string
  readonly pid: number
  /** Resolves with a sentence when the process ended. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(child: ChildProcess, command: ServerCommand) {
    this.name = command.name
    this.pid = child.pid as number
    this.#child = child
    this.#log = command.log
    this.ended = once(child, 'exit').then(([code, signal]) => `${command.name} ended with ${String(code ?? signal)}`)
  }

  /** Resolves when the process runs, which is not yet when it serves. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const log = openSync(command.log, 'a')
    const guard = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM'] : []
    const [file, ...args] = [...guard, command.file, ...command.args] as [string, ...string[]]
    try {
      const env = { ...inherited(), ...command.env }
      const child = spawn(file, args, { cwd: dirname(command.log), detached: true, stdio: ['pipe', log, log], env })
      await once(child, 'spawn')
      return new ServerProcess(child, command)
    } finally {
      closeSync(log)
    }
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGTERM, and SIGKILL when it does not end in half a minute. */
  async stop(): Promise<void> {
    if (!this.alive) return
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    await this.ended
    clearTimeout(late)
  }

  /** SIGKILL: no last words, no flush, no goodbye to its peers. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Asks `ready` until it answers; throws with the last lines of the log when it does not, or when the process ends. */
  async until<T>(what: string, ready: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(25)) {
      if (!this.alive) throw new Error(`${await this.ended} before ${what}\n${this.lastLines()}`)
      const answer = await ready().catch(() => undefined)
      if (answer !== undefined) return answer
    }
    throw new Error(`${this.name}: no ${what} after ${String(timeoutMs / 1000)} s\n${this.lastLines()}`)
  }

  lastLines(count = 12): string {
    return this.output().trimEnd().split('\n').slice(-count).join('\n')
  }

  /** Everything it wrote so far, also under earlier lives with the same log. */
  output(): string {
    return readFileSync(this.#log, 'utf8')
  }
}

/** What a server may take over from our environment: where programs are, never whose servers to use. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'TZ']
  return Object.fromEntries(
    names.map((name) => [name, process.env[name] ?? ''] as const).filter(([, value]) => value !== ''),
  )
}
