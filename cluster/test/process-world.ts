/**
 * Process world: a whole cluster as people run it, in a temporary folder: one nats-server, one Postgres, Redis where the machine
 * has it, and nodes as processes of their own; and the people who use it. `stop` takes everything down, whatever failed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardOf } from '../../actors/hash.js'
import type { ShardId } from '../../actors/journal.js'
import type { ClientOptions, ConversationId, UserId } from '../../protocol/client/index.js'
import { startNatsServer, type NatsServer } from '../embedded/nats-server.js'
import { startPostgres, type PostgresServer } from '../embedded/postgres.js'
import { ProcessNode } from './process-node.js'
import { Person, SECRET } from './process-person.js'
import { until } from './process-until.js'
import { startRedis, type RedisServer } from './redis-server.js'

export const API_KEY = 'a-key-of-the-process-tests-that-is-long-enough'
export const SHARDS = 16

/** One address makes all load here, so limits by address or user would measure themselves. */
const SETTINGS = {
  ROOKERY_MODE: 'clustered',
  ROOKERY_JWT_SECRET: SECRET,
  ROOKERY_API_KEYS: API_KEY,
  ROOKERY_HOST: '127.0.0.1',
  ROOKERY_SHARDS: String(SHARDS),
  ROOKERY_CONNECT_RATE: '0',
  ROOKERY_FRAMES_PER_SECOND: '0',
  ROOKERY_SENDS_PER_SECOND: '0',
  ROOKERY_HEARTBEAT_MS: '100',
  ROOKERY_SUSPICION_MS: '1000',
  ROOKERY_DRAIN_SECONDS: '2',
  ROOKERY_LOG_FORMAT: 'json',
}

export class ProcessWorld {
  readonly dir: string
  readonly nodes: ProcessNode[] = []
  #nats: NatsServer | null = null
  #postgres: PostgresServer | null = null
  redis: RedisServer | null = null
  readonly #people: Person[] = []

  private constructor(dir: string) {
    this.dir = dir
    process.once('exit', this.#killNow)
  }

  /** When the test process itself ends early; nats-server goes with it. */
  readonly #killNow = (): void => {
    for (const node of this.nodes) if (node.runs) process.kill(node.pid, 'SIGKILL')
    for (const server of [this.#postgres, this.redis]) if (server !== null) endQuietly(server.pid)
  }

  /** With nodes that all have the same settings; without any, `startNodes` is next. */
  static async start(nodes: number, env: Readonly<Record<string, string>> = {}): Promise<ProcessWorld> {
    const world = new ProcessWorld(await mkdtemp(join(tmpdir(), 'rookery-process-')))
    try {
      await world.#startServers()
      if (nodes > 0) await world.startNodes(Array.from({ length: nodes }, () => env))
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  /** One node for each set of further settings; resolves when all are in one view and every shard is served. */
  async startNodes(settings: readonly Readonly<Record<string, string>>[]): Promise<void> {
    for (const env of settings) await this.makeNode(`node-${String(this.nodes.length + 1)}`, env)
    await Promise.all(this.nodes.map((node) => node.start()))
    await this.settled()
  }

  async #startServers(): Promise<void> {
    const [nats, postgres, redis] = await Promise.allSettled([
      startNatsServer({ dir: join(this.dir, 'nats') }),
      startPostgres({ dir: join(this.dir, 'postgres') }),
      startRedis(),
    ])
    if (nats.status === 'fulfilled') this.#nats = nats.value
    if (postgres.status === 'fulfilled') this.#postgres = postgres.value
    if (redis.status === 'fulfilled') this.redis = redis.value
    for (const started of [nats, postgres, redis]) if (started.status === 'rejected') throw started.reason
  }

  get nats(): NatsServer {
    return running(this.#nats)
  }

  get postgres(): PostgresServer {
    return running(this.#postgres)
  }

  /** The settings of a node of this cluster, as it reads them from its environment. */
  get env(): Record<string, string> {
    const urls = { NATS_URL: this.nats.url, POSTGRES_URL: this.postgres.url }
    return { ...SETTINGS, ...urls, ...(this.redis === null ? {} : { REDIS_URL: this.redis.url }) }
  }

  /** A node that is not started yet. */
  async makeNode(name: string, env: Readonly<Record<string, string>> = {}, flags: string[] = []): Promise<ProcessNode> {
    const node = await ProcessNode.make({ name, dir: this.dir, env: { ...this.env, ...env }, flags })
    this.nodes.push(node)
    return node
  }

  node(index: number): ProcessNode {
    return running(this.nodes[index] ?? null)
  }

  get urls(): string[] {
    return this.nodes.map((node) => node.url)
  }

  async killNats(): Promise<void> {
    await this.nats.kill()
  }

  async restartNats(): Promise<void> {
    this.#nats = await startNatsServer({ dir: join(this.dir, 'nats') })
  }

  async restartPostgres(): Promise<void> {
    this.#postgres = await startPostgres({ dir: join(this.dir, 'postgres'), port: this.postgres.port })
  }

  /** Resolves when the nodes that run agree on a view of exactly themselves and serve all shards of it. */
  async settled(): Promise<void> {
    await until('the nodes agree on a view and serve every shard', async () => {
      const running = this.nodes.filter((node) => node.runs)
      const statuses = await Promise.all(running.map((node) => node.status()))
      const [first] = statuses
      const owned = statuses.reduce((sum, status) => sum + status.owned.length, 0)
      const same = statuses.every((status) => status.view?.number === first?.view?.number && status.state === 'serving')
      return same && owned === SHARDS && first?.view?.members.length === running.length
    })
  }

  shardOf(conversation: ConversationId): ShardId {
    return shardOf(conversation, SHARDS)
  }

  /** The node that serves the conversation, by its own account. */
  ownerOf(conversation: ConversationId): Promise<ProcessNode> {
    return this.ownerOfShard(this.shardOf(conversation))
  }

  async ownerOfShard(shard: ShardId, among: readonly ProcessNode[] = this.nodes): Promise<ProcessNode> {
    return until(`a node serves shard ${String(shard)}`, async () => {
      for (const node of among.filter((one) => one.runs)) if ((await node.status()).owned.includes(shard)) return node
      return undefined
    })
  }

  /** A connected user. */
  async person(
    user: UserId,
    at: ProcessNode | readonly ProcessNode[],
    options: Partial<ClientOptions> = {},
  ): Promise<Person> {
    const person = new Person(
      user,
      [at].flat().map((node) => node.url),
      options,
    )
    this.#people.push(person)
    await person.client.connect()
    return person
  }

  async api(
    node: ProcessNode,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; json: unknown }> {
    const response = await fetch(`http://127.0.0.1:${String(node.port)}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    })
    return { status: response.status, json: await response.json() }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#people.map((person) => person.client.close()))
    await Promise.allSettled(this.nodes.map((node) => node.kill()))
    await Promise.allSettled([this.redis?.stop(), this.#postgres?.kill(), this.#nats?.kill()])
    await rm(this.dir, { recursive: true, force: true })
    process.off('exit', this.#killNow)
  }
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGINT')
  } catch {
    // it has ended
  }
}

function running<T>(thing: T | null): T {
  if (thing === null) throw new Error('it was not started')
  return thing
}
