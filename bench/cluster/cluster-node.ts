/**
 * One node of a private cluster: a `rookery start` process with its public and internal port. It may be killed and started
 * again on the same ports; what it says of itself is read from its internal port.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sampleSum } from './exposition.js'
import { ServerProcess } from './server-process.js'

export interface NodeOptions {
  readonly name: string
  readonly port: number
  readonly internalPort: number
  /** Holds the log file. */
  readonly dir: string
  /** Settings as the server reads them from its environment. */
  readonly env: Readonly<Record<string, string>>
}

const READY_MS = 90_000
/** As long as Prometheus waits for a scrape. */
const REQUEST_MS = 10_000
const SERVER = fileURLToPath(new URL('../../cluster/cli/main.js', import.meta.url))

export class ClusterNode {
  readonly name: string
  /** For clients. */
  readonly url: string
  readonly #options: NodeOptions
  #process: ServerProcess | undefined

  constructor(options: NodeOptions) {
    this.name = options.name
    this.url = `ws://127.0.0.1:${String(options.port)}/ws`
    this.#options = options
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error(`${this.name} was not started`)
    return this.#process.pid
  }

  /** For whoever scrapes. */
  get metricsUrl(): string {
    return this.#internal('/metrics')
  }

  /** Resolves when `/readyz` answers 200; throws with the last lines of its log when it does not. */
  async start(): Promise<void> {
    const { name, port, internalPort, dir, env } = this.#options
    const address = `127.0.0.1:${String(port)}`
    const ports = { ROOKERY_PORT: String(port), ROOKERY_INTERNAL_PORT: String(internalPort) }
    this.#process = await ServerProcess.start({
      name,
      file: process.execPath,
      args: ['--enable-source-maps', SERVER, 'start'],
      env: { ...env, ...ports, ROOKERY_NODE: name, ROOKERY_ADDRESS: address },
      log: join(dir, `${name}.log`),
    })
    await this.#process.until('readiness', () => this.#get('/readyz'), READY_MS)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  lastLines(): string {
    return this.#process?.lastLines() ?? ''
  }

  /** Value of a metric, summed over its labels; undefined when the node does not export it. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    return sampleSum((await this.#get('/metrics')) ?? '', name, labels)
  }

  /** Shards this node owns, by its own account; none when it does not answer. */
  async owned(): Promise<readonly number[]> {
    const text = await this.#get('/status').catch(() => undefined)
    const status = JSON.parse(text ?? '{}') as { owned?: readonly number[] }
    return status.owned ?? []
  }

  async shards(): Promise<number> {
    return (await this.owned()).length
  }

  #internal(path: string): string {
    return `http://127.0.0.1:${String(this.#options.internalPort)}${path}`
  }

  async #get(path: string): Promise<string | undefined> {
    const response = await fetch(this.#internal(path), { signal: AbortSignal.timeout(REQUEST_MS) })
    const text = await response.text()
    return response.ok ? text : undefined
  }
}
