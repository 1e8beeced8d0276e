/**
 * Storage servers of a private cluster: nats-server and Postgres through their launcher (`cluster/embedded/main.js`), Redis
 * from the PATH. Each is its own process, keeps its port and its files over a restart, and can be killed.
 */
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installedProgram } from '../peers/installed.js'
import { freePorts } from './free-ports.js'
import { ServerProcess, type ServerCommand } from './server-process.js'

export interface StorageServer {
  readonly name: string
  readonly url: string
  /** The server itself, not its launcher. */
  readonly pid: number
  /** Ends it in an orderly way. */
  stop(): Promise<void>
  /** SIGKILL to the server. */
  kill(): Promise<void>
  /** Starts it again on the same port and files, after `stop` or `kill`. */
  restart(): Promise<void>
}

interface Launched {
  readonly url: string
  readonly pid: number
  readonly port: number
}

const READY_MS = 120_000
const LAUNCHER = fileURLToPath(new URL('../../cluster/embedded/main.js', import.meta.url))

/** A nats-server with JetStream, or a Postgres with a database, in a folder below `dir`. */
export async function startLaunched(name: 'nats-server' | 'postgres', dir: string): Promise<StorageServer> {
  const [port] = (await freePorts(1)) as [number]
  const home = join(dir, name)
  mkdirSync(home, { recursive: true })
  const launch = async () => {
    const log = join(dir, `${name}-${String(Date.now())}.log`)
    const args = [LAUNCHER, name === 'nats-server' ? 'nats' : name, '--dir', home, '--port', String(port)]
    const launcher = await ServerProcess.start({ name, file: process.execPath, args, env: {}, log })
    const server = await launcher.until('answer', () => Promise.resolve(announced(launcher.output())), READY_MS)
    return { launcher, server }
  }
  let current = await launch()
  return {
    name,
    url: current.server.url,
    get pid() {
      return current.server.pid
    },
    stop: () => current.launcher.stop(),
    async kill() {
      process.kill(current.server.pid, 'SIGKILL')
      await (name === 'nats-server' ? current.launcher.ended : current.launcher.stop())
    },
    async restart() {
      current = await launch()
    },
  }
}

function announced(output: string): Launched | undefined {
  const line = output.split('\n').find((text) => text.startsWith('{"url"'))
  return line === undefined ? undefined : (JSON.parse(line) as Launched)
}

/** Redis in memory only; nodes of a cluster need one for presence. */
export async function startRedis(dir: string): Promise<StorageServer> {
  const file = installedProgram('redis-server')
  if (file === undefined)
    throw new Error('redis-server is not installed: install it, or give REDIS_URL of one that runs')
  const [port] = (await freePorts(1)) as [number]
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
  const command: ServerCommand = { name: 'redis', file, args, env: {}, log: join(dir, 'redis.log') }
  const launch = async () => {
    const server = await ServerProcess.start(command)
    await server.until('answer', () => answersPing(port), READY_MS)
    return server
  }
  let current = await launch()
  return {
    name: 'redis',
    url: `redis://127.0.0.1:${String(port)}`,
    get pid() {
      return current.pid
    },
    stop: () => current.stop(),
    kill: () => current.kill(),
    async restart() {
      current = await launch()
    },
  }
}

async function answersPing(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString().startsWith('+PONG') ? true : undefined
  } finally {
    socket.destroy()
  }
}
