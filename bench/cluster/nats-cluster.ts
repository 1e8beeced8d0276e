/**
 * Three nats-servers of this machine as one cluster, through the launcher (`cluster/embedded/main.js`), for what is measured with replicas.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usageOf, type Usage } from '../accounting.js'
import { guarded } from '../interrupt.js'
import { ServerProcess } from './server-process.js'

export interface NatsCluster {
  /** Comma-separated, as `NATS_URL` takes it. */
  readonly url: string
  /** CPU and memory of the servers, added up. */
  usage(): Usage
}

const READY_MS = 60_000
const LAUNCHER = fileURLToPath(new URL('../../cluster/embedded/main.js', import.meta.url))

/** The servers write through to the disk before each answer. */
export async function withNatsCluster<T>(program: (cluster: NatsCluster) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'rookery-bench-nats-'))
  const args = [LAUNCHER, 'nats-cluster', '--dir', dir, '--sync-always']
  const command = { name: 'nats-cluster', file: process.execPath, args, env: {}, log: join(dir, 'launcher.log') }
  const launcher = await ServerProcess.start(command)
  const stop = async () => {
    await launcher.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  return guarded(stop, async () => {
    const url = await launcher.until('answer', () => Promise.resolve(announced(launcher.output())), READY_MS)
    return program({ url, usage: () => serversOf(launcher.pid) })
  })
}

function announced(output: string): string | undefined {
  const line = output.split('\n').find((text) => text.startsWith('{"url"'))
  return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url
}

function serversOf(launcher: number): Usage {
  const { 'nats-server': servers } = usageOf(launcher, 'launcher')
  return servers === undefined ? {} : { 'nats-server': servers }
}
