/**
 * Leftover: a child process of an earlier run that outlived it (Linux: read from /proc). It is ended only when its command
 * line is the one we started and its parent is no longer the process that started it; a living owner is an error.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

export interface Leftover {
  readonly pid: number
  /** Process that started it. */
  readonly owner: number
  /** Part of the command line that only our child has, such as its configuration file. */
  readonly commandPart: string
}

export async function endLeftover(leftover: Leftover): Promise<void> {
  if (!isOurs(leftover)) return
  if (parentOf(leftover.pid) === leftover.owner) {
    throw new Error(`already running as process ${leftover.pid}, started by process ${leftover.owner}`)
  }
  process.kill(leftover.pid, 'SIGTERM')
  if (await ends(leftover, 5000)) return
  process.kill(leftover.pid, 'SIGKILL')
  await ends(leftover, 5000)
}

function isOurs({ pid, commandPart }: Leftover): boolean {
  return procFile(pid, 'cmdline').includes(commandPart)
}

function parentOf(pid: number): number {
  const afterName = procFile(pid, 'stat').split(') ').at(-1) ?? ''
  return Number(afterName.split(' ')[1])
}

async function ends(leftover: Leftover, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(20)) {
    if (!isOurs(leftover)) return true
  }
  return false
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
