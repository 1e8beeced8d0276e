/**
 * What an earlier run left in a Postgres folder: a server whose starter was killed, or the lock file of one that is gone.
 * Processes are recognised by working there (Linux, /proc), never by a number alone: numbers are used again.
 */
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const STOP_MS = 20_000

/** Leaves `cluster` free to be started: stops a server without a starter; refuses while its starter lives. */
export async function stopLeftovers(cluster: string): Promise<void> {
  const main = await lockedBy(cluster)
  if (main !== null && (await processesIn(cluster)).includes(main)) {
    await refuseWhileStarted(main, cluster)
    process.kill(main, 'SIGINT')
    await gone(cluster, STOP_MS)
  }
  await killAll(cluster)
  if (main !== null && isAlive(main)) await rm(path.join(cluster, 'postmaster.pid'), { force: true })
}

/** Kills every process that works in `cluster` and waits until they are gone. */
export async function killAll(cluster: string): Promise<void> {
  for (const pid of await processesIn(cluster)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  if (!(await gone(cluster, STOP_MS))) throw new Error(`Processes of Postgres in ${cluster} cannot be ended.`)
}

async function gone(cluster: string, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms
  while ((await processesIn(cluster)).length > 0) {
    if (Date.now() > deadline) return false
    await wait(20)
  }
  return true
}

async function processesIn(cluster: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  const at = await Promise.all(pids.map((pid) => readlink(`/proc/${String(pid)}/cwd`).catch(() => '')))
  const runs = await Promise.all(pids.map((pid) => readlink(`/proc/${String(pid)}/exe`).catch(() => '')))
  return pids.filter((_, i) => at[i] === cluster && path.basename(runs[i] as string) === 'postgres')
}

/** The process in the first line of the lock file. */
async function lockedBy(cluster: string): Promise<number | null> {
  const text = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isSafeInteger(pid) && pid > 1 ? pid : null
}

/** A server whose parent is a Node process is in use; one whose starter died belongs to init. */
async function refuseWhileStarted(pid: number, cluster: string): Promise<void> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '')
  const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 1)
  if (parent <= 1) return
  const starter = await readlink(`/proc/${String(parent)}/exe`).catch(() => '')
  if (path.basename(starter).startsWith('node')) {
    throw new Error(`Postgres in ${cluster} is in use by process ${String(parent)}: stop that one first.`)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
