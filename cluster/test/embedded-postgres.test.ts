/**
 * The embedded Postgres: started, stopped and killed for real, and what an earlier run may have left behind.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startPostgres, type PostgresServer } from '../embedded/postgres.js'

const parent = await mkdtemp(path.join(tmpdir(), 'rookery-embedded-'))
const dir = path.join(parent, 'data', 'postgres')
t.teardown(() => rm(parent, { recursive: true, force: true }))

async function query(server: PostgresServer, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A process that ended works nowhere any more, even while nobody has taken its exit code. */
const isAlive = (pid: number): Promise<boolean> =>
  readlink(`/proc/${String(pid)}/cwd`).then(
    () => true,
    () => false,
  )

/** A Node process that starts Postgres in `dir`, prints its pid and then is killed, so that Postgres is left behind. */
async function leaveBehind(): Promise<number> {
  const module = new URL('../embedded/postgres.js', import.meta.url).href
  const script = `
    const { startPostgres } = await import(${JSON.stringify(module)})
    console.log((await startPostgres({ dir: ${JSON.stringify(dir)} })).pid)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGKILL')
  await once(child, 'exit')
  return Number(line.toString())
}

t.test('embedded-postgres: it keeps what it has from start to start', async (t) => {
  const first = await startPostgres({ dir })
  await query(first, 'CREATE TABLE kept (x int); INSERT INTO kept VALUES (42)')
  await first.stop()
  t.notOk(await isAlive(first.pid))
  const second = await startPostgres({ dir })
  t.same(await query(second, 'SELECT x FROM kept'), [{ x: 42 }])
  await second.stop()
  await second.stop()
})

t.test(
  'embedded-postgres: it listens on loopback only, asks for a password, and shows its files to nobody',
  async (t) => {
    const server = await startPostgres({ dir })
    t.same(await query(server, 'SHOW listen_addresses'), [{ listen_addresses: '127.0.0.1' }])
    t.same(await query(server, 'SHOW unix_socket_directories'), [{ unix_socket_directories: '' }])
    const wrong = new pg.Client({ connectionString: server.url.replace(/:[^:@]+@/, ':wrong@') })
    await t.rejects(wrong.connect(), { code: '28P01' })
    t.equal((await stat(dir)).mode & 0o777, 0o700)
    t.equal((await stat(path.join(dir, 'password'))).mode & 0o777, 0o600)
    await server.stop()
  },
)

t.test('embedded-postgres: a terminal’s Ctrl-C does not reach it', async (t) => {
  const server = await startPostgres({ dir })
  const fields = (await readFile(`/proc/${String(server.pid)}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  t.equal(Number(fields[2]), server.pid, 'it leads a process group of its own')
  await server.stop()
})

t.test('embedded-postgres: after a crash it recovers', async (t) => {
  const server = await startPostgres({ dir })
  await query(server, 'SET synchronous_commit = on; CREATE TABLE crashed (x int)')
  await server.kill()
  t.notOk(await isAlive(server.pid))
  const again = await startPostgres({ dir })
  t.same(await query(again, 'SELECT count(*)::int AS n FROM crashed'), [{ n: 0 }])
  await again.stop()
})

t.test('embedded-postgres: one whose starter was killed is stopped first', async (t) => {
  const pid = await leaveBehind()
  t.ok(await isAlive(pid))
  const server = await startPostgres({ dir })
  t.notOk(await isAlive(pid))
  await server.stop()
})

t.test('embedded-postgres: one that is in use is left alone', async (t) => {
  const server = await startPostgres({ dir })
  await t.rejects(startPostgres({ dir }), { message: /in use by process/ })
  t.same(await query(server, 'SELECT 1 AS x'), [{ x: 1 }])
  await server.stop()
})

t.test('embedded-postgres: a lock file that names another program is no obstacle', async (t) => {
  const lock = path.join(dir, 'cluster', 'postmaster.pid')
  await writeFile(lock, `${String(process.pid)}\n${path.join(dir, 'cluster')}\n1700000000\n1\n\n127.0.0.1\n`)
  const server = await startPostgres({ dir })
  await server.stop()
  t.notOk((await readdir(path.join(dir, 'cluster'))).includes('postmaster.pid'))
})

t.test('embedded-postgres: a taken port is a clear error', async (t) => {
  const server = await startPostgres({ dir })
  const other = path.join(parent, 'other')
  await t.rejects(startPostgres({ dir: other, port: server.port }), {
    message: new RegExp(`port ${String(server.port)} is taken`),
  })
  await server.stop()
})
