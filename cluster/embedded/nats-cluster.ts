/**
 * Embedded NATS cluster: three servers on this machine, so that streams can have three replicas. For tests, benchmarks and
 * drills; a real deployment runs one server per machine. Resolves when a stream with three replicas can be made.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, StorageType } from 'nats'
import { freePort } from './free-port.js'
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

export async function startNatsCluster(options: { dir: string; syncAlways?: boolean }): Promise<NatsCluster> {
  const members = await memberOptions(options)
  const servers = await Promise.all(members.map(startNatsServer))
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

async function memberOptions(options: { dir: string; syncAlways?: boolean }): Promise<NatsServerOptions[]> {
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`)
  return ports.map((port, index) => ({
    dir: join(options.dir, String(index + 1)),
    syncAlways: options.syncAlways ?? false,
    cluster: { name: 'rookery', port, routes },
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
