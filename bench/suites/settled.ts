/**
 * Settled: waits until what a suite caused has come to rest.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { residentBytes } from '../accounting.js'
import type { ClusterNode } from '../cluster/cluster-node.js'

const ARCHIVE_MS = 120_000
const POLL_MS = 100

/** Resolves when history has everything that the journal has. */
export async function archived(node: ClusterNode): Promise<void> {
  for (const deadline = Date.now() + ARCHIVE_MS; Date.now() < deadline; await pause(POLL_MS)) {
    const lag = await node.metric('rookery_history_lag_bytes')
    if (lag === 0) return
  }
  throw new Error(`${node.name}: history was still behind after ${String(ARCHIVE_MS / 1000)} s`)
}

const SETTLE_MS = 30_000
const QUIET = 5

/** The least resident memory seen until it has not fallen for five seconds. */
export async function settledMemory({ pid }: ClusterNode): Promise<number> {
  let least = residentBytes(pid)
  let quiet = 0
  for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline && quiet < QUIET; quiet++) {
    await pause(1000)
    const now = residentBytes(pid)
    if (now < least) quiet = 0
    least = Math.min(least, now)
  }
  return least
}
