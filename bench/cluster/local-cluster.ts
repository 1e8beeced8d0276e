/**
 * A private cluster of real processes in a temporary folder: nodes, nats-server, Postgres and Redis on free ports. Programs
 * run inside `withLocalCluster`, which takes everything down again also on a failure and on Ctrl-C.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageOfLives, type Usage } from '../accounting.js'
import { guarded } from '../interrupt.js'
import { ClusterNode } from './cluster-node.js'
import { freePorts } from './free-ports.js'
import { startLaunched, startRedis, type StorageServer } from './storage-server.js'

export interface LocalClusterOptions {
  readonly nodes: number
  /** True: one node that starts its own nats-server and Postgres, as `npm start` does. */
  readonly selfContained?: boolean
  /** Servers that run already; those left out are started. */
  readonly servers?: ServerUrls
  /** More settings for every node, by their variables. */
  readonly env?: Readonly<Record<string, string>>
}

export interface ServerUrls {
  readonly nats?: string | undefined
  readonly postgres?: string | undefined
  readonly redis?: string | undefined
}

/** One address makes all load, so limits by address or user would measure themselves. */
const UNLIMITED = { ROOKERY_CONNECT_RATE: '0', ROOKERY_FRAMES_PER_SECOND: '0', ROOKERY_SENDS_PER_SECOND: '0' }

export class LocalCluster {
  readonly secret = randomBytes(32).toString('hex')
  readonly nodes: ClusterNode[] = []
  readonly #dir: string
  readonly #storage: StorageServer[] = []
  readonly #usage = new UsageOfLives()

  constructor(dir: string) {
    this.#dir = dir
  }

  async start(options: LocalClusterOptions): Promise<void> {
    const mode = options.selfContained ? this.#ownServers() : await this.#startStorage(options.servers ?? {})
    const env = { ...UNLIMITED, ROOKERY_HOST: '127.0.0.1', ROOKERY_JWT_SECRET: this.secret, ...mode, ...options.env }
    const ports = await freePorts(2 * options.nodes)
    for (let index = 0; index < options.nodes; index++) {
      const [port, internalPort] = ports.splice(0, 2) as [number, number]
      const name = `node-${String(index + 1)}`
      this.nodes.push(new ClusterNode({ name, port, internalPort, dir: this.#dir, env }))
    }
    await Promise.all(this.nodes.map((node) => node.start()))
  }

  get urls(): string[] {
    return this.nodes.map((node) => node.url)
  }

  /** What runs, for people: `3 nodes, nats-server, postgres, redis`. */
  get description(): string {
    const nodes = `${String(this.nodes.length)} node${this.nodes.length === 1 ? '' : 's'}`
    return [nodes, ...this.#storage.map((server) => server.name)].join(', ')
  }

  storage(name: string): StorageServer | undefined {
    return this.#storage.find((server) => server.name === name)
  }

  /** The node that owns most shards now. */
  async owner(): Promise<ClusterNode> {
    const counts = await Promise.all(this.nodes.map(async (node) => ({ node, shards: await node.shards() })))
    const most = counts.reduce((best, one) => (one.shards > best.shards ? one : best))
    if (most.shards === 0) throw new Error('no node says that it owns a shard')
    return most.node
  }

  /** What every server used so far, by its name; of one that was killed, up to the last reading before. */
  usage(): Usage {
    return this.#usage.read([...this.nodes, ...this.#storage])
  }

  /** Nodes first, while the servers they depend on still answer. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.nodes.map((node) => node.stop()))
    await Promise.allSettled(this.#storage.map((server) => server.stop()))
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #ownServers(): Record<string, string> {
    return { ROOKERY_MODE: 'embedded', ROOKERY_DATA_DIR: join(this.#dir, 'data') }
  }

  async #startStorage(given: ServerUrls): Promise<Record<string, string>> {
    const own = async (url: string | undefined, start: () => Promise<StorageServer>) => {
      if (url !== undefined) return url
      const server = await start()
      this.#storage.push(server)
      return server.url
    }
    const nats = await own(given.nats, () => startLaunched('nats-server', this.#dir))
    const postgres = await own(given.postgres, () => startLaunched('postgres', this.#dir))
    const redis = await own(given.redis, () => startRedis(this.#dir))
    return { ROOKERY_MODE: 'clustered', NATS_URL: nats, POSTGRES_URL: postgres, REDIS_URL: redis }
  }
}

/** Runs `program` with a cluster that is up, and takes the cluster down however the program ends. */
export async function withLocalCluster<T>(
  options: LocalClusterOptions,
  program: (cluster: LocalCluster) => Promise<T>,
): Promise<T> {
  const cluster = new LocalCluster(await mkdtemp(join(tmpdir(), 'rookery-bench-')))
  const run = async () => {
    await cluster.start(options)
    return program(cluster)
  }
  return guarded(() => cluster.stop(), run)
}
