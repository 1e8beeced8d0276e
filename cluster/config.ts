/**
 * Config: the settings of one node, read once at the start and never changed. Defaults, then the file, then the environment,
 * then flags; what is wrong is reported all at once. The only place that looks at `process.env`.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { z } from 'zod'
import { ConfigError } from './config-error.js'
import { configSchema, keyDefault, keyMeta, type ConfigKey } from './config-keys.js'
import { readEnvironment, readFileSource, readFlags, type Setting, type Settings } from './config-sources.js'

type Given = z.infer<typeof configSchema>

/** The settings with nothing left open. */
export type Config = Readonly<
  Omit<Given, 'node' | 'address' | 'mode' | 'shards'> & {
    node: string
    address: string
    mode: 'embedded' | 'clustered'
    shards: number
  }
>

export interface ConfigInput {
  /** Values of flags by setting name, as text or as parsed; `config` is the file. */
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface LoadedConfig {
  readonly config: Config
  /** Where each setting that is not the default came from. */
  readonly origins: ReadonlyMap<ConfigKey, string>
}

const DEFAULT_FILE = 'rookery.json'

/** Throws ConfigError. */
export function loadConfig({ flags = {}, env = process.env }: ConfigInput = {}): LoadedConfig {
  const problems: string[] = []
  const file = fileName(flags['config'], env['ROOKERY_CONFIG'])
  const settings: Settings = new Map([
    ...(file === null ? [] : readFileSource(file, problems)),
    ...readEnvironment(env, problems),
    ...readFlags(flags, problems),
  ])
  const given = validated(settings, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const config = completed(given)
  const contradictions = contradictionsIn(config, settings)
  if (contradictions.length > 0) throw new ConfigError(contradictions)
  return { config, origins: new Map([...settings].map(([key, { origin }]) => [key, origin])) }
}

function fileName(flag: unknown, variable: string | undefined): string | null {
  if (typeof flag === 'string') return flag
  return variable ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null)
}

function validated(settings: Settings, problems: string[]): Given {
  const values = Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))
  const result = configSchema.safeParse(values)
  if (result.success) return result.data
  for (const { path, message } of result.error.issues) {
    const key = path[0] as ConfigKey
    const normal = keyMeta(key).fallback || JSON.stringify(keyDefault(key))
    problems.push(`${settings.get(key)?.origin ?? key}: ${message} (the default is ${normal})`)
  }
  return configSchema.parse({})
}

function completed(given: Given): Config {
  const mode = given.mode ?? (given.natsUrl === null ? 'embedded' : 'clustered')
  const host = hostname()
  return {
    ...given,
    mode,
    node: given.node ?? (host.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 60) || 'node'),
    address: given.address ?? `${host}:${given.port}`,
    shards: given.shards ?? (mode === 'embedded' ? 16 : 64),
  }
}

function contradictionsIn(config: Config, settings: ReadonlyMap<ConfigKey, Setting>): string[] {
  const problems = config.mode === 'clustered' ? missingFromCluster(config) : tooMuchForEmbedded(config, settings)
  for (const secret of config.jwtSecret) {
    if (Buffer.byteLength(secret) < 32)
      problems.push('jwtSecret: a secret has fewer than 32 bytes; `openssl rand -hex 32` makes one')
  }
  if (config.suspicionMs < 3 * config.heartbeatMs) {
    problems.push(`suspicionMs ${config.suspicionMs} is below three heartbeats of ${config.heartbeatMs} ms: raise it`)
  }
  if (config.workers > 1 && config.port === 0) problems.push('port 0 with several workers: they need one port to share')
  if (config.port !== 0 && config.port === config.internalPort) {
    problems.push(`port and internalPort are both ${config.port}: metrics and admin must not be on the public port`)
  }
  return problems
}

function missingFromCluster(config: Config): string[] {
  const problems = []
  if (config.natsUrl === null) problems.push('natsUrl is missing: mode clustered needs it (NATS_URL=nats://host:4222)')
  if (config.postgresUrl === null) {
    problems.push(
      'postgresUrl is missing: mode clustered needs it (POSTGRES_URL=postgres://user:password@host/database)',
    )
  }
  if (config.redisUrl === null)
    problems.push('redisUrl is missing: mode clustered needs it (REDIS_URL=redis://host:6379)')
  if (config.jwtSecret.length + config.jwtPublicKeys.length === 0) {
    problems.push(
      'no way to check tokens: give jwtSecret (ROOKERY_JWT_SECRET_FILE) or jwtPublicKeys (ROOKERY_JWT_PUBLIC_KEYS_FILE)',
    )
  }
  if (config.natsSyncAlways)
    problems.push('natsSyncAlways is for embedded mode: set sync_interval: always in the NATS servers')
  return problems
}

/** Servers that are given but would not be used are an oversight unless embedded mode is asked for by name. */
function tooMuchForEmbedded(config: Config, settings: ReadonlyMap<ConfigKey, Setting>): string[] {
  const problems = []
  for (const key of ['postgresUrl', 'redisUrl'] as const) {
    const origin = settings.get(key)?.origin
    if (origin !== undefined && !settings.has('mode')) {
      problems.push(`${origin} is given but NATS_URL is not: give it too, or say mode embedded to use neither`)
    }
  }
  if (config.natsUrl !== null) problems.push('natsUrl is given but mode is embedded: take one of them away')
  if (config.workers > 1)
    problems.push('workers above 1 need mode clustered: give NATS_URL, POSTGRES_URL and REDIS_URL')
  if (config.natsReplicas > 1)
    problems.push('natsReplicas above 1 needs mode clustered: the embedded NATS is one server')
  return problems
}
