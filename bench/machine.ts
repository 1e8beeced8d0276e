/**
 * Machine: what a figure was measured on. Every report carries it, since absolute figures mean nothing without it.
 */
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  /** Of the last minute: what else the machine was doing. */
  readonly load: number
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
  }
}

export function machineLine({ cpu, cores, memoryGiB, system, node, load }: Machine): string {
  const hardware = `${cpu}, ${String(cores)} cores, ${String(memoryGiB)} GiB`
  return `${hardware}, ${system}, Node ${node}, load average at the start ${load.toFixed(1)}`
}
