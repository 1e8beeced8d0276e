/**
 * Settled memory: what a process holds when the garbage of its last work is gone. Garbage of the connecting is not a
 * connection's cost.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const LONGEST_MS = 150_000
const STEP_MS = 1000
/** Less is not a fall: an idle server goes up and down by some pages. */
const FALL_BYTES = 2 ** 18
const PAGE = 4096

/** The least bytes seen until `read` has not fallen for `quietSeconds`; `fell` is told of each fall. */
export async function settledMemory(
  read: () => number,
  quietSeconds = 5,
  fell: () => unknown = () => undefined,
): Promise<number> {
  let lowest = read()
  let level = lowest
  let quiet = 0
  for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline && quiet < quietSeconds; quiet++) {
    await pause(STEP_MS)
    const now = read()
    lowest = Math.min(lowest, now)
    if (now > level - FALL_BYTES) continue
    level = now
    quiet = 0
    fell()
  }
  return lowest
}

/** What the kernel holds for sockets and their tables, of the whole machine (proc(5): sockstat, meminfo). */
export function kernelBytes(): number {
  const pages = /^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]
  const slab = /^Slab:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(pages ?? 0) * PAGE + Number(slab ?? 0) * 1024
}
