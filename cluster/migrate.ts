/**
 * Migrations: the numbered SQL files of ops/migrations, applied in order at boot, each in a transaction and once in the life of
 * a database. Nodes that boot together take turns under an advisory lock. A file that changed after it was applied, or a
 * database that is further than this version knows, refuses to start.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { packageRoot } from './package-root.js'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/** The database is not what this version of Rookery can work with; the text says what to do. */
export class SchemaError extends Error {}

/** Any number, the same on every node. */
const LOCK = 4_704_651_337
const LOCK_WAIT = '60s'
const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/

/** The migrations of this version, numbered from 1 without holes. */
export async function readMigrations(folder = path.join(packageRoot, 'ops', 'migrations')): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file, i) => {
      const version = Number(FILE.exec(file)?.[1])
      if (version !== i + 1) throw new SchemaError(`${file}: migrations are named 0001-name.sql, 0002-name.sql …`)
      const sql = await readFile(path.join(folder, file), 'utf8')
      return { version, name: file, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/**
 * Brings the database to the newest migration. Answers the names of those it applied. They are on disk then, whatever the
 * server's synchronous_commit.
 */
export async function migrate(client: pg.ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  await client.query(`SET lock_timeout = '${LOCK_WAIT}'; SET statement_timeout = 0; SET synchronous_commit = on`)
  await client.query('SELECT pg_advisory_lock($1)', [LOCK])
  try {
    const applied = await readApplied(client)
    check(migrations, applied)
    const pending = migrations.filter(({ version }) => !applied.has(version))
    for (const migration of pending) await apply(client, migration)
    return pending.map(({ name }) => name)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK])
    await client.query('RESET lock_timeout; RESET statement_timeout; RESET synchronous_commit')
  }
}

async function readApplied(client: pg.ClientBase): Promise<Map<number, string>> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  )
  const { rows } = await client.query<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM schema_migrations',
  )
  return new Map(rows.map(({ version, checksum }) => [version, checksum]))
}

function check(migrations: readonly Migration[], applied: ReadonlyMap<number, string>): void {
  const newest = Math.max(0, ...applied.keys())
  if (newest > migrations.length) {
    throw new SchemaError(
      `The database is at migration ${String(newest)}, this version of Rookery knows ${String(migrations.length)}: ` +
        'start the newer version, or restore the database of this one.',
    )
  }
  const changed = migrations.find(({ version, checksum }) => (applied.get(version) ?? checksum) !== checksum)
  if (changed !== undefined) {
    throw new SchemaError(
      `${changed.name} is not the file that was applied to the database: put the original back, changes go into a new file.`,
    )
  }
}

async function apply(client: pg.ClientBase, { version, name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
      version,
      name,
      checksum,
    ])
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK')
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SchemaError(`${name} could not be applied: ${reason}`, { cause })
  }
}
