/**
 * Fenced append: what the nats-server of a running Rookery gives to a client that publishes every message by itself under a
 * fence; alone for latency, many writers for throughput. Nothing when Rookery runs on servers of its own.
 */
import { latencyFigures, type Figures } from './figures.js'
import type { FencedTasks, Written } from './load/fenced-program.js'
import { withPrograms } from './load/load-program.js'
import type { RunningRookery } from './rookery-system.js'

const PROGRAM = new URL('./load/fenced-program.js', import.meta.url)
const CROWD = 500

export const LONE = 'a lone fenced append'
export const ONE_BY_ONE = `fenced publishes one by one, ${CROWD} writers on one nats.js client`

/** Latency of one writer. */
export const loneAppend = (running: RunningRookery, seconds: number, bytes: number): Promise<Figures> =>
  append(running, 1, seconds, bytes, ({ append }) => latencyFigures(LONE, append))

/** Throughput of many. */
export const crowdedAppend = (running: RunningRookery, seconds: number, bytes: number): Promise<Figures> =>
  append(running, CROWD, seconds, bytes, ({ stored, seconds: took }) => ({
    [ONE_BY_ONE]: { value: stored / took, unit: 'messages/s' },
  }))

async function append(
  { cluster }: RunningRookery,
  writers: number,
  seconds: number,
  bytes: number,
  figures: (written: Written) => Figures,
): Promise<Figures> {
  const url = cluster.storage('nats-server')?.url
  if (url === undefined) return {}
  return withPrograms<FencedTasks, Figures>(1, PROGRAM, async ([load]) => {
    if (load === undefined) throw new Error('no load program')
    await load.ask('prepare', { url, replicas: 1 })
    const written = await load.ask('write', { writers, seconds, bytes })
    await load.ask('remove', undefined)
    return figures(written)
  })
}
