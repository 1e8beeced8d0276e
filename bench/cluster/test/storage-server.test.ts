import { readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { connect } from 'nats'
import pg from 'pg'
import { startLaunched, startRedis, type StorageServer } from '../storage-server.js'

async function started(t: Test, name: 'nats-server' | 'postgres'): Promise<StorageServer> {
  const server = await startLaunched(name, t.testdir({}))
  t.teardown(() => server.stop())
  return server
}

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
  const server = await started(t, 'nats-server')
  t.ok(await natsAnswers(server.url))
  const first = server.pid
  await server.kill()
  t.notOk(isAlive(first))
  await server.restart()
  t.not(server.pid, first)
  t.ok(await natsAnswers(server.url))
})

t.test('storage server: Postgres keeps its data over a stop and a kill', async (t) => {
  const server = await started(t, 'postgres')
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
  const server = await startLaunched('nats-server', t.testdir({}))
  await server.stop()
  t.notOk(isAlive(server.pid))
})

t.test('storage server: Redis answers where it is installed', async (t) => {
  const server = await startRedis(t.testdir({}))
  if (server === undefined) return t.comment('redis-server is not installed')
  t.match(server.url, /^redis:\/\/127/)
  await server.kill()
  await server.restart()
  await server.stop()
  t.notOk(isAlive(server.pid))
})
