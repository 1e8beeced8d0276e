/**
 * Servers of a peer: processes in one temporary folder, counted together and stopped together, also when one of them does not start.
 * Those that hold the connections are stopped before those they depend on.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { residentBytes, UsageOfLives, type Usage } from '../accounting.js'
import { ServerProcess } from '../cluster/server-process.js'
import { startLaunched, startRedis } from '../cluster/storage-server.js'
import type { Target } from '../load/target.js'
import type { RunningSystem } from '../system.js'

const READY_MS = 30_000

export interface ServerStart {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** It serves when something listens here. */
  readonly port: number
}

interface Running {
  readonly name: string
  readonly pid: number
  stop(): Promise<void>
}

export class Servers {
  readonly dir: string
  readonly #holding: Running[] = []
  readonly #storage: Running[] = []
  readonly #usage = new UsageOfLives()

  constructor(dir: string) {
    this.dir = dir
  }

  /** A server that holds connections; resolves when it listens. */
  async start({ name, file, args, env = {}, port }: ServerStart): Promise<void> {
    const server = await ServerProcess.start({ name, file, args, env, log: join(this.dir, `${name}.log`) })
    this.#holding.push(server)
    await server.until(`listener on port ${port}`, () => listens(port), READY_MS)
  }

  /** A module of this folder as a process. */
  async startNode(name: string, module: string, port: number, args: readonly string[] = []): Promise<void> {
    const file = fileURLToPath(new URL(module, import.meta.url))
    await this.start({ name, file: process.execPath, args: [file, String(port), ...args], port })
  }

  /** Answers its URL. */
  async startStorage(name: 'redis' | 'postgres'): Promise<string> {
    const server = await (name === 'redis' ? startRedis(this.dir) : startLaunched(name, this.dir))
    this.#storage.push(server)
    return server.url
  }

  usage(): Usage {
    return this.#usage.read([...this.#holding, ...this.#storage])
  }

  memory(): number {
    return this.#holding.reduce((sum, { pid }) => sum + residentBytes(pid), 0)
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#holding.map((server) => server.stop()))
    await Promise.allSettled(this.#storage.map((server) => server.stop()))
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** Runs the servers that `start` starts; when it fails, those it did start are stopped. */
export async function runServers(start: (servers: Servers) => Promise<Target>): Promise<RunningSystem> {
  const servers = new Servers(await mkdtemp(join(tmpdir(), 'rookery-peer-')))
  try {
    const target = await start(servers)
    return {
      target,
      usage: () => servers.usage(),
      memory: () => servers.memory(),
      stop: () => servers.stop(),
    }
  } catch (error) {
    await servers.stop()
    throw error
  }
}

async function listens(port: number): Promise<true> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
