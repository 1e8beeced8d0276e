/**
 * Process node: one `rookery start` as a child process, the compiled command line beside the test. It may be stopped, frozen,
 * killed and started again on the same ports; what it says of itself is read from its internal port and its log lines.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { NodeStatus } from '../../actors/transport.js'
import { freePorts } from '../embedded/free-port.js'
import { until, within } from './process-until.js'

export const CLI = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const READY_MS = 40_000
const STOP_MS = 15_000
const KEPT_LINES = 5_000

export interface ProcessNodeOptions {
  readonly name: string
  /** Where it runs. */
  readonly dir: string
  /** Settings as it reads them from its environment. */
  readonly env: Readonly<Record<string, string>>
  /** More flags of `start`. */
  readonly flags?: readonly string[]
}

export class ProcessNode {
  readonly name: string
  readonly port: number
  readonly internalPort: number
  /** What it wrote, of all its lives. */
  readonly lines: string[] = []
  readonly #options: ProcessNodeOptions
  #child: ChildProcess | null = null

  private constructor(options: ProcessNodeOptions, port: number, internalPort: number) {
    this.name = options.name
    this.port = port
    this.internalPort = internalPort
    this.#options = options
  }

  /** On free ports; not started. */
  static async make(options: ProcessNodeOptions): Promise<ProcessNode> {
    const [port = 0, internalPort = 0] = await freePorts(2)
    return new ProcessNode(options, port, internalPort)
  }

  get url(): string {
    return `ws://127.0.0.1:${String(this.port)}/ws`
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`)
    return this.#child.pid
  }

  get runs(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when it is ready for clients. */
  async start(): Promise<void> {
    this.launch()
    await until(`${this.name} is ready`, () => this.#ready(), READY_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.lines.slice(-20).join('\n')}`)
    })
  }

  /** Starts the process and does not wait for it. */
  launch(): void {
    const { name, dir, env, flags = [] } = this.#options
    const ports = { ROOKERY_PORT: String(this.port), ROOKERY_INTERNAL_PORT: String(this.internalPort) }
    const child = spawn(process.execPath, ['--enable-source-maps', CLI, 'start', ...flags], {
      cwd: dir,
      env: { PATH: process.env['PATH'], ROOKERY_NODE: name, ...ports, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', (line) => {
        this.lines.push(line)
        if (this.lines.length > KEPT_LINES) this.lines.shift()
      })
    this.#child = child
  }

  async #ready(): Promise<boolean> {
    if (!this.runs) throw new Error('it ended')
    return (await this.#get('/readyz')) !== null
  }

  /** The exit code, null when a signal ended it. */
  async exit(): Promise<number | null> {
    const child = this.#child
    if (child === null || !this.runs) return child?.exitCode ?? null
    const [code] = (await within(`${this.name} ends`, once(child, 'exit'), STOP_MS)) as [number | null]
    return code
  }

  /** SIGSTOP: it stands still, its sockets stay. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  wake(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** SIGTERM, and waits for the end. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const exit = this.exit()
    if (this.runs) this.#child?.kill(signal)
    return exit
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  async status(): Promise<NodeStatus> {
    return JSON.parse((await this.#get('/status')) ?? 'null') as NodeStatus
  }

  async metrics(): Promise<string> {
    return (await this.#get('/metrics')) ?? ''
  }

  async #get(path: string): Promise<string | null> {
    const url = `http://127.0.0.1:${String(this.internalPort)}${path}`
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    return response.ok ? response.text() : null
  }
}
