/**
 * Server checks: whether the configured NATS, Postgres and Redis answer and are new enough. Servers that are not configured
 * are not looked for.
 */
import { Redis } from 'ioredis'
import pg from 'pg'
import { silent } from '../../actors/logger.js'
import type { Config } from '../config.js'
import { refuseOldServer } from '../jetstream-stream.js'
import { connectNats } from '../nats-connection.js'
import { fail, ok, type Check, type Finding } from './finding.js'

const TIMEOUT_MS = 5000
const OLDEST_POSTGRES = 14
const OLDEST_REDIS = 6

export function serverChecks(config: Config): Check[] {
  const { natsUrl, postgresUrl, redisUrl } = config
  const checks: Check[] = []
  if (natsUrl !== null) checks.push(nats(natsUrl, config.natsReplicas))
  if (postgresUrl !== null) checks.push(postgres(postgresUrl))
  if (redisUrl !== null) checks.push(redis(redisUrl))
  return checks
}

const nats = (url: string, replicas: Config['natsReplicas']): Check => ({
  subject: 'NATS',
  advice: 'see that nats-server 2.12.7 or newer runs with JetStream, and that natsUrl names it',
  async run() {
    const line = await connectNats({ url, name: 'rookery doctor', log: silent })
    try {
      refuseOldServer(line.serverVersion, replicas)
      const answer = await line.request('$JS.API.INFO', new Uint8Array(), TIMEOUT_MS)
      if (answer.kind !== 'answer') return fail(`${line.serverVersion} without JetStream`, 'start it with -js')
      return ok(`${line.serverVersion} with JetStream, for ${replicas} copies`)
    } finally {
      await line.close()
    }
  },
})

const postgres = (url: string): Check => ({
  subject: 'Postgres',
  advice: 'see that it runs and that postgresUrl names host, user, password and database',
  async run() {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS })
    try {
      await client.connect()
      const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
      return atLeast(rows[0]?.server_version ?? '', OLDEST_POSTGRES)
    } finally {
      await client.end()
    }
  },
})

const redis = (url: string): Check => ({
  subject: 'Redis',
  advice: 'see that it runs and that redisUrl names it',
  async run() {
    const client = new Redis(url, { lazyConnect: true, connectTimeout: TIMEOUT_MS, retryStrategy: () => null })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return atLeast(/redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? '', OLDEST_REDIS)
    } finally {
      client.disconnect()
    }
  },
})

const atLeast = (version: string, oldest: number): Finding =>
  parseInt(version) >= oldest ? ok(version) : fail(version, `use version ${oldest} or newer`)
