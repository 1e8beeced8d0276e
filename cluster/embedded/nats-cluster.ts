/**
 * Embedded NATS cluster: three servers on this machine, so that streams can have three replicas. For tests, benchmarks and
 * drills; a real deployment runs one server per machine. Resolves when a stream with three replicas can be made.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, StorageType } from 'nats'
import { freePorts } from './free-port.js'
import { startNatsServer, type NatsServer, type NatsServerOptions } from './nats-server.js'

export interface NatsCluster {
  /** Comma-separated, as `NATS_URL` takes it. */
  readonly url: string
  /** One entry per member; `restart` replaces it. */
  readonly servers: readonly NatsServer[]
  /** Starts the member again that was stopped or killed. */
  restart(index: number): Promise<NatsServer>
  stop(): Promise<void>
}

const MEMBERS = 3
const ATTEMPTS = 3

export async function startNatsCluster(options: { dir: string; syncAlways?: boolean }): Promise<NatsCluster> {
  const { members, servers } = await startMembers(options)
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  try {
    await replicating((servers[0] as NatsServer).url)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: servers.map((server) => server.url).join(','),
    servers,
    restart: async (index) => (servers[index] = await startNatsServer(members[index] as NatsServerOptions)),
    stop,
  }
}

/** Again with other ports when somebody else took one of them before a server did. */
async function startMembers(options: { dir: string; syncAlways?: boolean }) {
  for (let attempt = 1; ; attempt++) {
    const members = await memberOptions(options)
    const started = await Promise.allSettled(members.map(startNatsServer))
    const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failed = started.find((one) => one.status === 'rejected')
    if (failed === undefined) return { members, servers }
    await Promise.all(servers.map((server) => server.stop()))
    if (attempt === ATTEMPTS || !String(failed.reason).includes('address already in use')) throw failed.reason
  }
}

async function memberOptions(options: { dir: string; syncAlways?: boolean }): Promise<NatsServerOptions[]> {
  const ports = await freePorts(2 * MEMBERS)
  const routes = ports.slice(MEMBERS).map((port) => `nats://127.0.0.1:${port}`)
  return Array.from({ length: MEMBERS }, (_, index) => ({
    dir: join(options.dir, String(index + 1)),
    port: ports[index] as number,
    syncAlways: options.syncAlways ?? false,
    cluster: { name: 'rookery', port: ports[MEMBERS + index] as number, routes },
    startTimeoutMs: 30_000,
  }))
}

async function replicating(url: string): Promise<void> {
  const client = await connect({ servers: url })
  try {
    const manager = await client.jetstreamManager()
    for (const deadline = Date.now() + 15_000; ; await pause(100)) {
      try {
        await manager.streams.add({ name: 'PROBE', subjects: ['probe'], num_replicas: 3, storage: StorageType.Memory })
        await manager.streams.delete('PROBE')
        return
      } catch (error) {
        if (Date.now() > deadline) throw error
      }
    }
  } finally {
    await client.close()
  }
}
