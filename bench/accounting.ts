/**
 * Accounting: what a process and its children cost, read from /proc (Linux). CPU seconds hold the children that ended and
 * were waited for, so a Postgres that answers through many short-lived backends is counted whole.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU seconds since each started and resident bytes (pages shared by several processes count in each), by program. */
export type Usage = Readonly<Record<string, { readonly cpu: number; readonly memory: number }>>

export interface Stat {
  readonly pid: number
  readonly parent: number
  readonly program: string
  readonly ticks: number
}

/** What a process and everything below it used: under `name` what runs the same program as itself, others under theirs. */
export function usageOf(pid: number, name: string): Usage {
  const usage: Record<string, { cpu: number; memory: number }> = {}
  const processes = tree(pid)
  for (const process of processes) {
    const program = process.program === processes[0]?.program ? name : process.program
    const sum = (usage[program] ??= { cpu: 0, memory: 0 })
    sum.cpu += process.ticks / TICKS_PER_SECOND
    sum.memory += residentBytes(process.pid)
  }
  return usage
}

/** What was used between two readings; memory is that of the later one. */
export function usageBetween(before: Usage, after: Usage): Usage {
  const rows = Object.entries(after).map(([name, { cpu, memory }]) => {
    return [name, { cpu: cpu - (before[name]?.cpu ?? 0), memory }] as const
  })
  return Object.fromEntries(rows)
}

/**
 * Usage of servers that may be killed and started again. A process that is gone keeps the CPU of its last reading, so
 * whoever is about to end one reads first.
 */
export class UsageOfLives {
  readonly #last = new Map<number, Usage>()

  read(servers: readonly { readonly pid: number; readonly name: string }[]): Usage {
    const usage: Record<string, { cpu: number; memory: number }> = {}
    const alive = new Map(servers.map(({ pid, name }) => [pid, usageOf(pid, name)]))
    for (const [pid, reading] of alive) if (Object.keys(reading).length > 0) this.#last.set(pid, reading)
    for (const [pid, reading] of this.#last) {
      for (const [name, { cpu, memory }] of Object.entries(reading)) {
        const sum = (usage[name] ??= { cpu: 0, memory: 0 })
        sum.cpu += cpu
        sum.memory += alive.has(pid) ? memory : 0
      }
    }
    return usage
  }
}

/** The process and everything below it. */
export const processesOf = (pid: number): number[] => tree(pid).map((stat) => stat.pid)

/** Resident bytes of one process; 0 when it is gone. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(procFile(pid, 'status'))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

/** Parses /proc/<pid>/stat; the name in brackets may itself hold spaces and brackets (proc(5)). */
export function parseStat(line: string): Stat | undefined {
  const open = line.indexOf('(')
  const close = line.lastIndexOf(')')
  if (open < 0 || close < 0) return undefined
  const fields = line.slice(close + 2).split(' ')
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
  return { pid: Number.parseInt(line, 10), parent: Number(fields[1]), program: line.slice(open + 1, close), ticks }
}

/** The process first, then those below it. */
function tree(root: number): Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseStat(procFile(Number(name), 'stat')))
    .filter((stat) => stat !== undefined)
  const found = all.filter((stat) => stat.pid === root)
  for (let at = 0; at < found.length; at++) {
    const above = found[at]
    found.push(...all.filter((stat) => stat.parent === above?.pid))
  }
  return found
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
