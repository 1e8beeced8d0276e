/**
 * Postgres world: one embedded server for the tests of a file, and a fresh database for every test that wants one.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { silent, type Logger } from '../../actors/logger.js'
import { systemClock } from '../clock-system.js'
import { startPostgres, type PostgresServer } from '../embedded/postgres.js'
import { openPostgresHistory, type PostgresHistory } from '../history-postgres.js'

export class PostgresWorld {
  server: PostgresServer
  readonly dir: string
  #databases = 0
  #histories: PostgresHistory[] = []

  private constructor(dir: string, server: PostgresServer) {
    this.dir = dir
    this.server = server
  }

  static async start(): Promise<PostgresWorld> {
    const dir = await mkdtemp(path.join(tmpdir(), 'rookery-postgres-'))
    return new PostgresWorld(dir, await startPostgres({ dir }))
  }

  /** Starts the server again where it was. */
  async restart(): Promise<void> {
    this.server = await startPostgres({ dir: this.dir, port: this.server.port })
  }

  /** The URL of a new, empty database. */
  async database(): Promise<string> {
    const name = `test_${String(++this.#databases)}`
    await this.query(this.server.url, `CREATE DATABASE ${name}`)
    return this.server.url.replace(/rookery$/, name)
  }

  async history(url: string, logger: Logger = silent): Promise<PostgresHistory> {
    const history = await openPostgresHistory({ url, logger, clock: systemClock, connections: 4 })
    this.#histories.push(history)
    return history
  }

  async query<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> {
    return this.withClient(url, async (client) => (await client.query<R>(sql)).rows)
  }

  async withClient<T>(url: string, task: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return await task(client)
    } finally {
      await client.end()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#histories.map((history) => history.close()))
    await this.server.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
