/**
 * A redis-server for the tests of a file: the system's binary on 127.0.0.1, on a free port, in a temporary directory. Null when
 * the machine has none.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../embedded/free-port.js'

export interface RedisServer {
  readonly url: string
  readonly pid: number
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
  /** Ends it without warning. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export const REDIS_MISSING = 'no redis-server on this machine: apt-get install -y redis-server'
const READY_MS = 10_000

export async function startRedis(): Promise<RedisServer | null> {
  const port = await freePort()
  const dir = await mkdtemp(path.join(tmpdir(), 'rookery-redis-'))
  let child = await launch(port, dir)
  if (child === null) {
    await rm(dir, { recursive: true })
    return null
  }
  const kill = () => end(child)
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    pid: child.pid as number,
    kill,
    async restart() {
      await kill()
      child = await launch(port, dir)
    },
    async stop() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function launch(port: number, dir: string): Promise<ChildProcess | null> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  try {
    await once(child, 'spawn')
  } catch {
    return null
  }
  await ready(port)
  return child
}

async function ready(port: number): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null })
    redis.on('error', () => undefined)
    const answers = await redis.connect().then(
      () => redis.ping(),
      () => null,
    )
    redis.disconnect()
    if (answers === 'PONG') return
    if (Date.now() > deadline) throw new Error(`redis-server did not answer on port ${String(port)} within 10 s`)
    await wait(20)
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
