/**
 * A Postgres of our own as a child process: initialised once under a directory, started on what is there afterwards. Its
 * binaries come from the npm package; the composition root and the tests are its callers, PostgresHistory is its client.
 *
 * It runs with synchronous_commit off: a crash may roll it back by some hundred milliseconds of commits. History stands
 * that, because the journal is the write-ahead log and the archived position commits in the same transaction as the rows:
 * after a crash both are older together, and the owner archives again from that position.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.js'
import { postgresBinaries } from './postgres-binaries.js'
import { initialise, type PostgresDirectory } from './postgres-directory.js'
import { killAll, stopLeftovers } from './postgres-leftovers.js'
import { commandFor, postgresAccount, type Command } from './postgres-account.js'

export interface PostgresServer {
  /** Connection string of the database `rookery`. */
  readonly url: string
  readonly pid: number
  readonly port: number
  /** Ends open transactions, writes everything out and resolves when the process is gone. */
  stop(): Promise<void>
  /** Ends it as a crash would (SIGKILL) and resolves when all its processes are gone. */
  kill(): Promise<void>
}

const DATABASE = 'rookery'
const READY_MS = 120_000
const STOP_MS = 20_000
const PORT_ATTEMPTS = 3
/** Until a server that cannot have its port has ended. */
const GIVE_UP_MS = 5000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  synchronous_commit: 'off',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '100',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}

/** Starts Postgres in `dir` (made when missing) on 127.0.0.1, on a free port unless one is given; resolves when it answers. */
export async function startPostgres(options: { dir: string; port?: number }): Promise<PostgresServer> {
  const binaries = await postgresBinaries()
  const account = await postgresAccount()
  const directory = await initialise(path.resolve(options.dir), binaries.initdb, account)
  await stopLeftovers(directory.cluster)
  const command = await commandFor(account, binaries.postgres, directory.cluster)
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    const started = await start(command, directory, port)
    if (!('reason' in started)) return started
    if (started.portTaken && options.port === undefined && attempt < PORT_ATTEMPTS) continue
    const reason = started.portTaken ? `port ${String(port)} is taken` : started.reason
    throw new Error(`Postgres in ${options.dir} did not start: ${reason}`)
  }
}

interface NotStarted {
  readonly reason: string
  readonly portTaken: boolean
}

async function start(
  command: Command,
  directory: PostgresDirectory,
  port: number,
): Promise<PostgresServer | NotStarted> {
  const log = await open(directory.log, 'a+')
  const { size } = await log.stat()
  const child = await launch(command, directory, port, log.fd)
  try {
    const url = await ready(child, port, directory.password)
    return server(child, port, url, directory.cluster)
  } catch (error) {
    if (!isOwnAnswer(error) && alive(child))
      await Promise.race([once(child, 'exit'), wait(GIVE_UP_MS, undefined, { ref: false })])
    await end(child, 'SIGQUIT')
    const said = (await readFile(directory.log)).subarray(size).toString().trimEnd()
    const reason = `${error instanceof Error ? error.message : String(error)}\n${said}`
    return { reason, portTaken: said.includes('could not bind IPv4 address "127.0.0.1"') }
  } finally {
    await log.close()
  }
}

/** In a session of its own: Ctrl-C of the terminal reaches only us, and we stop Postgres when its clients are done. */
async function launch(
  command: Command,
  directory: PostgresDirectory,
  port: number,
  log: number,
): Promise<ChildProcess> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(command.file, [...command.args, '-D', directory.cluster, '-p', String(port), ...settings], {
    ...command.identity,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  })
  await once(child, 'spawn')
  return child
}

/** The URL of the database once it answers and exists. */
async function ready(child: ChildProcess, port: number, password: string): Promise<string> {
  const url = (database: string) => `postgres://postgres:${password}@127.0.0.1:${String(port)}/${database}`
  const deadline = Date.now() + READY_MS
  for (;;) {
    if (!alive(child)) throw new Error('it ended at once')
    const client = new pg.Client({ connectionString: url('postgres'), connectionTimeoutMillis: 5000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await createDatabase(client)
      return url(DATABASE)
    } catch (error) {
      if (!startingUp(error)) throw error
      if (Date.now() > deadline)
        throw new Error(`it did not answer within ${String(READY_MS / 1000)} s`, { cause: error })
    } finally {
      await client.end().catch(() => undefined)
    }
    await wait(30)
  }
}

/** 57P03 is cannot_connect_now: recovering after a crash, for instance. */
function startingUp(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03'
}

/** 28P01 is invalid_password: then another server has the port, and ours is about to say so and end. */
const isOwnAnswer = (error: unknown): boolean => !(error instanceof Error && 'code' in error && error.code === '28P01')

async function createDatabase(client: pg.Client): Promise<void> {
  const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
  if (known.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
}

function server(child: ChildProcess, port: number, url: string, cluster: string): PostgresServer {
  return {
    url,
    port,
    pid: child.pid as number,
    async stop() {
      const late = setTimeout(() => child.kill('SIGQUIT'), STOP_MS)
      await end(child, 'SIGINT')
      clearTimeout(late)
    },
    async kill() {
      await end(child, 'SIGKILL')
      await killAll(cluster)
    },
  }
}

const alive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!alive(child)) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
