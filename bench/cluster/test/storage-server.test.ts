import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from 'nats'
import pg from 'pg'
import { startLaunched, startRedis, type StorageServer } from '../storage-server.js'

/** Starts a server in a folder of its own; both are gone after the test. */
async function started(t: Test, start: (dir: string) => Promise<StorageServer>): Promise<StorageServer> {
  const dir = await mkdtemp(join(tmpdir(), 'rookery-storage-'))
  const server = await start(dir)
  t.teardown(async () => {
    await server.stop()
    await rm(dir, { recursive: true })
  })
  return server
}

const nats = (dir: string) => startLaunched('nats-server', dir)
const postgres = (dir: string) => startLaunched('postgres', dir)

const isAlive = (pid: number) => readdirSync('/proc').includes(String(pid))

async function natsAnswers(url: string): Promise<boolean> {
  const client = await connect({ servers: url })
  await client.flush()
  await client.close()
  return true
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(sql)
  await client.end()
  return rows
}

t.test('storage server: nats-server is back at the same address after a kill', async (t) => {
  const server = await started(t, nats)
  t.ok(await natsAnswers(server.url))
  const first = server.pid
  await server.kill()
  t.notOk(isAlive(first))
  await server.restart()
  t.not(server.pid, first)
  t.ok(await natsAnswers(server.url))
})

t.test('storage server: Postgres keeps its data over a stop and a kill', async (t) => {
  const server = await started(t, postgres)
  await query(server.url, 'CREATE TABLE kept AS SELECT 1 AS n')
  await server.stop()
  t.notOk(isAlive(server.pid))
  await server.restart()
  await query(server.url, 'CHECKPOINT')
  await server.kill()
  await server.restart()
  t.same(await query(server.url, 'SELECT n FROM kept'), [{ n: 1 }])
})

t.test('storage server: stopping ends the server itself', async (t) => {
  const server = await started(t, nats)
  await server.stop()
  t.notOk(isAlive(server.pid))
})

t.test('storage server: Redis is back after a kill', async (t) => {
  const server = await started(t, startRedis)
  const first = server.pid
  await server.kill()
  t.notOk(isAlive(first))
  await server.restart()
  t.ok(isAlive(server.pid))
})
