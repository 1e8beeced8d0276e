/**
 * Settled memory: what a process holds when the garbage of its last work is gone. Garbage of the connecting is not a
 * connection's cost.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const SETTLE_MS = 30_000
const STEP_MS = 1000
const PAGE = 4096

/** The least bytes seen until `read` has not fallen for `quietSeconds`. */
export async function settledMemory(read: () => number, quietSeconds = 5): Promise<number> {
  let least = read()
  let quiet = 0
  for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline && quiet < quietSeconds; quiet++) {
    await pause(STEP_MS)
    const now = read()
    if (now < least) quiet = 0
    least = Math.min(least, now)
  }
  return least
}

/** What the kernel holds for sockets and their tables, of the whole machine (proc(5): sockstat, meminfo). */
export function kernelBytes(): number {
  const pages = /^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]
  const slab = /^Slab:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(pages ?? 0) * PAGE + Number(slab ?? 0) * 1024
}
