/**
 * Migrations, on a real server: once each, in turn, and never over a database they do not fit.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { migrate, readMigrations, type Migration } from '../migrate.js'
import { PostgresWorld } from './postgres-world.js'

const world = await PostgresWorld.start()
t.teardown(() => world.close())

async function files(t: Test, ...contents: string[]): Promise<Migration[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'rookery-migrations-'))
  t.teardown(() => rm(dir, { recursive: true }))
  for (const [i, sql] of contents.entries()) await writeFile(path.join(dir, `000${String(i + 1)}-step.sql`), sql)
  return readMigrations(dir)
}

const migrated = (url: string, migrations: readonly Migration[]): Promise<string[]> =>
  world.withClient(url, (client) => migrate(client, migrations))

t.test('migrate: each migration is applied once, in order', async (t) => {
  const url = await world.database()
  const both = await files(t, 'CREATE TABLE a (x int)', 'ALTER TABLE a ADD y int')
  t.same(await migrated(url, both.slice(0, 1)), ['0001-step.sql'])
  t.same(await migrated(url, both), ['0002-step.sql'])
  t.same(await migrated(url, both), [])
  t.same(await world.query(url, 'SELECT version, name FROM schema_migrations ORDER BY version'), [
    { version: 1, name: '0001-step.sql' },
    { version: 2, name: '0002-step.sql' },
  ])
})

t.test('migrate: of nodes that boot together one applies and the others wait', async (t) => {
  const url = await world.database()
  const migrations = await readMigrations()
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrated(url, migrations)))
  t.same(
    applied.flat(),
    migrations.map(({ name }) => name),
  )
})

t.test('migrate: a file that changed after it was applied refuses to start', async (t) => {
  const url = await world.database()
  await migrated(url, await files(t, 'CREATE TABLE a (x int)'))
  await t.rejects(migrated(url, await files(t, 'CREATE TABLE a (x bigint)')), {
    message: /0001-step.sql is not the file/,
  })
})

t.test('migrate: a database that is further than this version refuses to start', async (t) => {
  const url = await world.database()
  const both = await files(t, 'SELECT 1', 'SELECT 2')
  await migrated(url, both)
  await t.rejects(migrated(url, both.slice(0, 1)), { message: /at migration 2, this version of Rookery knows 1/ })
})

t.test('migrate: one that fails leaves nothing of itself, and the lock free', async (t) => {
  const url = await world.database()
  const [good, bad] = ['CREATE TABLE good (x int)', 'CREATE TABLE half (x int); SELECT 1 / 0']
  await t.rejects(migrated(url, await files(t, good, bad)), {
    message: /0002-step.sql could not be applied: division by zero/,
  })
  t.same(await world.query(url, `SELECT to_regclass('good')::text AS good, to_regclass('half')::text AS half`), [
    { good: 'good', half: null },
  ])
  t.same(await migrated(url, await files(t, good)), [])
})

t.test('migrate: a hole in the numbers is refused', async (t) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'rookery-migrations-'))
  t.teardown(() => rm(dir, { recursive: true }))
  await writeFile(path.join(dir, '0002-late.sql'), '')
  await t.rejects(readMigrations(dir), { message: /migrations are named 0001-name.sql/ })
})

t.test('migrate: it survives a client that goes away in the middle', async (t) => {
  const url = await world.database()
  const migrations = await files(t, 'CREATE TABLE a (x int)', 'SELECT pg_terminate_backend(pg_backend_pid())')
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await t.rejects(migrate(client, migrations))
  t.same(await migrated(url, migrations.slice(0, 1)), [], 'the first was applied, and nobody holds the lock')
})
