/**
 * Rookery as a measured system: real node processes with nats-server and Postgres, and Redis for presence where it is
 * installed, each a process of its own so that its CPU can be told apart.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { residentBytes } from './accounting.js'
import type { ClusterNode } from './cluster/cluster-node.js'
import { LocalCluster } from './cluster/local-cluster.js'
import { interruptible } from './interrupt.js'
import { installedProgram } from './peers/installed.js'
import type { RunningSystem, System, SystemOptions } from './system.js'

/** After ten minutes of more than the machine carries, too. */
const ARCHIVED_MS = 300_000
const POLL_MS = 100

export interface RunningRookery extends RunningSystem {
  readonly cluster: LocalCluster
}

export const rookerySystem = {
  name: 'rookery',
  method: [
    'Rookery: every message acked after the journal (JetStream, one replica, file) stored it, pushed, its delivery acked in batches, archived in Postgres;',
    'rate limits off, since one address makes all load; presence in Redis where it is installed, else one node that starts its own servers.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group', 'cross'],
  install: 'npm ci',
  version: () => packageVersion('../../package.json'),
  start: startRookery,
} as const satisfies System

export async function startRookery({ nodes, env = {} }: SystemOptions): Promise<RunningRookery> {
  const cluster = new LocalCluster(await mkdtemp(join(tmpdir(), 'rookery-bench-')))
  const stop = () => cluster.stop()
  try {
    const selfContained = nodes === 1 && installedProgram('redis-server') === undefined
    await interruptible(stop, () => cluster.start({ nodes, env, selfContained }))
  } catch (error) {
    await stop()
    throw error
  }
  return runningRookery(cluster)
}

/** A cluster that is up. */
export function runningRookery(cluster: LocalCluster): RunningRookery {
  return {
    cluster,
    target: { protocol: 'rookery', urls: cluster.urls, secret: cluster.secret },
    usage: () => cluster.usage(),
    memory: () => cluster.nodes.reduce((bytes, { pid }) => bytes + residentBytes(pid), 0),
    settled: () => archived(cluster),
    stop: () => cluster.stop(),
  }
}

/** Until Postgres has everything that the journal holds. */
async function archived({ nodes }: LocalCluster): Promise<void> {
  for (const deadline = Date.now() + ARCHIVED_MS; Date.now() < deadline; await pause(POLL_MS)) {
    const lags = await Promise.all(nodes.map(historyLag))
    if (lags.every((lag) => lag === 0)) return
  }
  throw new Error(`history is behind the journal ${String(ARCHIVED_MS / 1000)} s after the end`)
}

/** Bytes; infinite when the node is too busy to say. */
const historyLag = (node: ClusterNode): Promise<number> =>
  node.metric('rookery_history_lag_bytes').then(
    (lag) => lag ?? 0,
    () => Infinity,
  )

function packageVersion(path: string): string {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
