/**
 * History in Postgres. The owners of shards archive through it, activations and pages read through it; every operation is one
 * statement in one round trip. It waits for nothing without a limit: a lock, a slow statement or a silent server ends as
 * "away" after seconds, and the caller asks again.
 */
import pg from 'pg'
import type { Clock } from '../actors/clock.js'
import type {
  Activation,
  ArchiveBatch,
  ArchiveOutcome,
  History,
  KnownId,
  Mark,
  PageQuery,
  ShardPosition,
} from '../actors/history.js'
import type { ShardId } from '../actors/journal.js'
import type { Logger } from '../actors/logger.js'
import type { Entry } from '../protocol/entry.js'
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import { archiveStatement } from './history-archive.js'
import { sift, type RefusedRow } from './history-quarantine.js'
import {
  ACTIVATE,
  activations,
  CHOOSE_SHARDS,
  entries,
  FIND_ID,
  MARK,
  PAGE_NEWEST,
  PAGE_OLDEST,
  type ActivationRow,
  type EntryRow,
} from './history-rows.js'
import { migrate, readMigrations } from './migrate.js'
import { Partitions } from './partitions.js'
import { int2Array, int8Array, textArray } from './postgres-binary.js'
import { postgresFailure } from './postgres-error.js'

export interface PostgresHistoryOptions {
  readonly url: string
  readonly clock: Clock
  readonly logger: Logger
  /** Connections at most. */
  readonly connections?: number
}

const CONNECTIONS = 8
const TIMEOUTS = {
  connectionTimeoutMillis: 5_000,
  lock_timeout: 3_000,
  statement_timeout: 10_000,
  idle_in_transaction_session_timeout: 10_000,
  /** On our side, for a server that says nothing any more. */
  query_timeout: 15_000,
}
/**
 * Every statement here goes by a key. One plan serves all values, so that no time goes into planning over the partitions (3 ms a
 * page with a year of them), and it is by index also while a table is so new that Postgres does not know its size.
 */
export const PLANNING = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off'
/** How often a statement that met another one (deadlock) is done again. */
const CONFLICTS = 3
const NEVER: ShardPosition = { stream: '', seq: 0, epoch: 0 }

/** Migrates the database and makes the partitions of this month and the next two. Rejects when Postgres is away. */
export async function openPostgresHistory(options: PostgresHistoryOptions): Promise<PostgresHistory> {
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: TIMEOUTS.connectionTimeoutMillis,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const applied = await migrate(client, await readMigrations())
    if (applied.length > 0) options.logger.info({ applied }, 'migrated the database')
  } finally {
    await client.end().catch(() => undefined)
  }
  const history = new PostgresHistory(options)
  await history.partitions.cover([options.clock.now()])
  return history
}

export class PostgresHistory implements History {
  readonly partitions: Partitions
  readonly #pool: pg.Pool
  readonly #logger: Logger

  constructor({ url, logger, connections = CONNECTIONS }: PostgresHistoryOptions) {
    this.#logger = logger
    this.#pool = new pg.Pool({
      connectionString: url,
      max: connections,
      application_name: 'rookery',
      options: PLANNING,
      keepAlive: true,
      types: { getTypeParser: typeParser },
      ...TIMEOUTS,
    })
    this.#pool.on('error', (error) => logger.warn({ reason: error.message }, 'lost an idle connection to Postgres'))
    this.partitions = new Partitions(this.#pool)
  }

  async shards(wanted: number): Promise<number> {
    await this.#pool.query(CHOOSE_SHARDS, [wanted])
    const { rows } = await this.#pool.query<{ shards: number }>('SELECT shards FROM cluster')
    return rows[0]?.shards ?? wanted
  }

  async positions(shards: readonly ShardId[]): Promise<ShardPosition[]> {
    const { rows } = await this.#pool.query<ShardPosition & { shard: ShardId }>(
      'SELECT shard, stream, seq, epoch FROM shards WHERE shard = ANY ($1)',
      [shards],
    )
    const found = new Map(rows.map(({ shard, stream, seq, epoch }) => [shard, { stream, seq, epoch }]))
    return shards.map((shard) => found.get(shard) ?? NEVER)
  }

  async activate(
    shard: ShardId,
    conversations: readonly ConversationId[],
    idsSince: number,
  ): Promise<{ position: ShardPosition; found: Activation[] }> {
    const { rows } = await this.#pool.query<ActivationRow>({
      name: 'activate',
      text: ACTIVATE,
      values: [shard, textArray(conversations), idsSince],
    })
    const [row] = rows
    const position =
      row === undefined ? NEVER : { stream: row.shard_stream, seq: row.shard_seq, epoch: row.shard_epoch }
    return { position, found: activations(rows) }
  }

  async archive(batch: ArchiveBatch): Promise<ArchiveOutcome> {
    try {
      await this.partitions.cover(times(batch))
      return await this.#write(batch, [])
    } catch (error) {
      if (postgresFailure(error) === 'data') return this.#archiveSifted(batch)
      return unknown(error)
    }
  }

  async page(query: PageQuery): Promise<Entry[]> {
    const { conversation, from, to, limit, newest, types } = query
    const { rows } = await this.#pool.query<EntryRow>({
      ...(newest ? PAGE_NEWEST : PAGE_OLDEST),
      values: [conversation, from, to, int2Array(types), limit],
    })
    return entries(rows, query)
  }

  async findId(conversation: ConversationId, sender: UserId, id: MessageId): Promise<KnownId | null> {
    const uuid = Buffer.from(id, 'latin1').toString('hex')
    const { rows } = await this.#pool.query<Pick<KnownId, 'seq' | 'epoch' | 'time'>>({
      name: 'find-id',
      text: FIND_ID,
      values: [uuid, conversation, sender],
    })
    const [row] = rows
    return row === undefined ? null : { sender, id, ...row }
  }

  async mark(marks: readonly Mark[]): Promise<void> {
    const values = [
      textArray(marks.map(({ conversation }) => conversation)),
      textArray(marks.map(({ user }) => user)),
      int8Array(marks.map(({ delivered }) => delivered)),
      int8Array(marks.map(({ read }) => read)),
    ]
    await again(() => this.#pool.query({ name: 'mark', text: MARK, values }))
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #write(batch: ArchiveBatch, refused: readonly RefusedRow[]): Promise<ArchiveOutcome> {
    const statement = archiveStatement(batch, refused)
    const { rows } = await again(() => this.#pool.query<{ moved: number }>(statement))
    if (rows[0]?.moved === 1) return { outcome: 'archived', quarantined: refused.length }
    const [position] = await this.positions([batch.shard])
    return { outcome: 'mismatch', position: position ?? NEVER }
  }

  /** A month that somebody dropped looks like refused data, so that is put right first. */
  async #archiveSifted(batch: ArchiveBatch): Promise<ArchiveOutcome> {
    try {
      this.partitions.forget()
      await this.partitions.cover(times(batch))
      const sifted = await sift(batch, (part) => this.#refusal(part))
      const outcome = await this.#write(sifted.batch, sifted.refused)
      if (outcome.outcome === 'archived' && sifted.refused.length > 0) this.#alarm(batch.shard, sifted.refused)
      return outcome
    } catch (error) {
      return unknown(error)
    }
  }

  #alarm(shard: ShardId, refused: readonly RefusedRow[]): void {
    const reasons = [...new Set(refused.map(({ what, reason }) => `${what}: ${reason}`))].slice(0, 5)
    this.#logger.error(
      { shard, rows: refused.length, reasons },
      'history refused rows, they are in the table quarantine',
    )
  }

  /** Why Postgres refuses this batch; null when it would take it. Writes nothing. */
  async #refusal(batch: ArchiveBatch): Promise<string | null> {
    const client = await this.#pool.connect()
    const lost = (): void => undefined // the query in flight rejects as well
    client.on('error', lost)
    try {
      const reason = await attempt(client, batch)
      client.off('error', lost)
      client.release()
      return reason
    } catch (error) {
      client.release(true)
      throw error
    }
  }
}

async function attempt(client: pg.PoolClient, batch: ArchiveBatch): Promise<string | null> {
  await client.query('BEGIN')
  try {
    await client.query(archiveStatement(batch, []))
    return null
  } catch (error) {
    if (postgresFailure(error) !== 'data') throw error
    return reasonOf(error)
  } finally {
    await client.query('ROLLBACK')
  }
}

/** Repeats what met another transaction: nothing of it was written. */
async function again<T>(task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      if (attempt === CONFLICTS || postgresFailure(error) !== 'conflict') throw error
    }
  }
}

const times = (batch: ArchiveBatch): number[] => batch.entries.map(({ time }) => time)
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const unknown = (error: unknown): ArchiveOutcome => ({ outcome: 'unknown', reason: reasonOf(error) })

/** int8 as a number: what is stored here stays below 2^53. */
const typeParser: typeof pg.types.getTypeParser = (type, format) =>
  type === pg.types.builtins.INT8 ? Number : (pg.types.getTypeParser(type, format) as (value: string) => unknown)
