/**
 * Backing: the servers behind a node and the contracts over them. Embedded mode starts nats-server and Postgres as children below the data
 * folder; clustered mode connects to those that are named. Everything started is pushed onto the stack of the caller.
 */
import { join } from 'node:path'
import type { Bus } from '../actors/bus.js'
import type { History } from '../actors/history.js'
import type { Journal } from '../actors/journal.js'
import type { Logger } from '../actors/logger.js'
import type { Membership } from '../actors/membership.js'
import { MemoryPresence } from '../actors/presence-memory.js'
import type { Presence } from '../actors/presence.js'
import { NatsBus } from './bus-nats.js'
import { systemClock } from './clock-system.js'
import type { Config } from './config.js'
import { startNatsServer } from './embedded/nats-server.js'
import { startPostgres } from './embedded/postgres.js'
import { openPostgresHistory } from './history-postgres.js'
import { openNatsJournal } from './journal-nats.js'
import { openNatsMembership } from './membership-nats.js'
import { connectNats } from './nats-connection.js'
import { openRedisPresence } from './presence-redis.js'
import type { Stack } from './stack.js'

export interface Backing {
  readonly bus: Bus
  readonly journal: Journal
  readonly membership: Membership
  readonly history: History
  readonly presence: Presence
  /** The number of shards of the cluster, as written at its first boot. */
  readonly shards: number
}

/** Rejects, naming what is missing, when a server cannot be started or reached. */
export async function openBacking(config: Config, log: Logger, stack: Stack): Promise<Backing> {
  const urls = config.mode === 'embedded' ? await startEmbedded(config, stack) : clusteredUrls(config)
  const history = await openHistory(urls.postgres, log, stack)
  const shards = await history.shards(config.shards)
  if (shards !== config.shards)
    throw new Error(`this cluster was made with ${shards} shards and that cannot change: set shards to ${shards}`)
  const { cluster, node } = config
  const replicas = config.natsReplicas
  const line = await connectNats({ url: urls.nats, name: `rookery ${node}`, log })
  stack.push('the line to NATS', () => line.close())
  const journal = await openNatsJournal(line, { cluster, shards, replicas })
  const membership = await openNatsMembership(line, { cluster, replicas, log })
  stack.push('membership', () => membership.close())
  const bus = new NatsBus(line, { cluster, log })
  stack.push('the bus', () => bus.close())
  return { bus, journal, membership, history, presence: await openPresence(config, log, stack), shards }
}

interface Urls {
  readonly nats: string
  readonly postgres: string
}

async function startEmbedded(config: Config, stack: Stack): Promise<Urls> {
  const starting = Promise.allSettled([
    startNatsServer({ dir: join(config.dataDir, 'nats'), syncAlways: config.natsSyncAlways }),
    startPostgres({ dir: join(config.dataDir, 'postgres') }),
  ])
  const [nats, postgres] = await starting
  if (nats.status === 'fulfilled') stack.push('nats-server', () => nats.value.stop())
  if (postgres.status === 'fulfilled') stack.push('Postgres', () => postgres.value.stop())
  if (nats.status === 'rejected') throw nats.reason
  if (postgres.status === 'rejected') throw postgres.reason
  return { nats: nats.value.url, postgres: postgres.value.url }
}

function clusteredUrls({ natsUrl, postgresUrl }: Config): Urls {
  if (natsUrl === null || postgresUrl === null) throw new Error('clustered mode needs NATS_URL and POSTGRES_URL')
  return { nats: natsUrl, postgres: postgresUrl }
}

async function openHistory(url: string, log: Logger, stack: Stack): Promise<History> {
  const history = await openPostgresHistory({ url, clock: systemClock, logger: log })
  stack.push('history', () => history.close())
  return history
}

async function openPresence(config: Config, log: Logger, stack: Stack): Promise<Presence> {
  if (config.redisUrl === null) {
    if (config.mode === 'clustered') log.warn({}, 'no REDIS_URL: presence is known to each node alone')
    return new MemoryPresence(systemClock)
  }
  const presence = await openRedisPresence({ url: config.redisUrl, prefix: config.cluster, logger: log })
  stack.push('presence', () => presence.close())
  return presence
}
