/**
 * Config keys: every setting with its type, bounds, unit, default and meaning; nothing else in the project has defaults of its
 * own. The same table makes the file's keys, the `ROOKERY_*` variables, the flags and what `print-config` shows.
 */
import { z } from 'zod'

export interface KeyMeta {
  readonly description: string
  /** How text from a variable or a flag is read. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list'
  readonly unit: string
  /** Masked when printed, not accepted as a flag, and also taken from the file that `<key>File` names. */
  readonly secret: boolean
  /** What applies when the default is null, because it depends on other settings. */
  readonly fallback: string
}

const meta = (kind: KeyMeta['kind'], description: string, more: Partial<KeyMeta> = {}) => ({
  ...{ kind, description, unit: '', secret: false, fallback: '' },
  ...more,
})

const count = (fallback: number, min: number, max: number, unit: string, description: string) =>
  z
    .number()
    .int()
    .min(min)
    .max(max)
    .default(fallback)
    .meta(meta('number', description, { unit }))
const truth = (fallback: boolean, description: string) =>
  z.boolean().default(fallback).meta(meta('boolean', description))
const text = (fallback: string, description: string) =>
  z.string().min(1).default(fallback).meta(meta('text', description))
const maybeText = (description: string, more: Partial<KeyMeta> = {}) =>
  z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .meta(meta('text', description, more))
const list = (fallback: string[], description: string, more: Partial<KeyMeta> = {}) =>
  z
    .array(z.string().min(1))
    .default(fallback)
    .meta(meta('list', description, more))
const SECONDS = 'seconds'
const MS = 'milliseconds'
const name = z.string().regex(/^[A-Za-z0-9_-]{1,60}$/, 'use 1 to 60 of A-Z a-z 0-9 _ -')
const url = (...schemes: string[]) =>
  z.string().refine((value) => value.split(',').every((part) => schemes.some((scheme) => part.startsWith(scheme))), {
    error: `must begin with ${schemes.join(' or ')}`,
  })
const server = (schema: z.ZodString, description: string, secret: boolean) =>
  schema
    .nullable()
    .default(null)
    .meta(meta('text', description, { secret }))

export const configSchema = z.strictObject({
  // what this node is
  cluster: name.default('rookery').meta(meta('text', 'Name of the cluster, where several share NATS or Redis')),
  node: name
    .nullable()
    .default(null)
    .meta(meta('text', 'Name of this node, unique in the cluster', { fallback: 'the host name' })),
  address: maybeText('Host and port under which people reach this node', { fallback: 'host name and port' }),
  mode: z
    .enum(['embedded', 'clustered'])
    .nullable()
    .default(null)
    .meta(
      meta('text', 'embedded starts NATS and Postgres of its own, clustered uses the given ones', {
        fallback: 'clustered when natsUrl is given, else embedded',
      }),
    ),
  dataDir: text('./data', 'Folder of the embedded servers and of the secret made for them'),
  shards: z
    .number()
    .int()
    .min(1)
    .max(1024)
    .refine((value) => (value & (value - 1)) === 0, { error: 'must be a power of two' })
    .nullable()
    .default(null)
    .meta(
      meta('number', 'Number of shards, a power of two; fixed at the first boot of a cluster', {
        fallback: '16 embedded, 64 clustered',
      }),
    ),
  workers: count(1, 1, 256, 'processes', 'Nodes to run on this machine, all on the same public port'),

  // doors
  host: text('0.0.0.0', 'Address the public port listens on'),
  port: count(8080, 0, 65535, '', 'Public port: /ws and /api; 0 takes a free one'),
  internalHost: text('127.0.0.1', 'Address the internal port listens on'),
  internalPort: count(8081, 0, 65535, '', 'Internal port: metrics, health, status, drain; 0 takes a free one'),
  origins: list(['*'], 'Origins of browsers that may connect; * allows all'),
  trustedProxies: list([], 'Addresses or CIDR ranges of balancers whose PROXY header is believed'),
  maxConnections: count(100_000, 1, 1_000_000, 'connections', 'Connections of one node; above it upgrades get 503'),
  connectRate: count(1000, 0, 1_000_000, 'per second', 'New connections from one address; 0 is unlimited'),
  connectSeconds: count(10, 1, 300, SECONDS, 'Time a new connection has to authenticate'),
  framesPerSecond: count(200, 0, 1_000_000, 'per second', 'Frames of one connection; 0 is unlimited'),
  sendsPerSecond: count(100, 0, 1_000_000, 'per second', 'Durable messages of one user on one node; 0 is unlimited'),
  heartbeatSeconds: count(30, 1, 3600, SECONDS, 'Interval of pings a client is asked to keep; three misses end it'),
  idleSeconds: count(300, 5, 86_400, SECONDS, 'A connection that sends nothing at all for so long is closed'),

  // who may come in
  jwtSecret: list([], 'HS256 secrets of at least 32 bytes, one a line: the first signs, all are accepted', {
    secret: true,
    fallback: 'embedded: made at the first start and kept in dataDir',
  }),
  jwtPublicKeys: list([], 'EdDSA public keys (PEM) whose tokens are accepted', { secret: true }),
  jwtIssuer: maybeText('Issuer (iss) a token must name'),
  jwtAudience: maybeText('Audience (aud) a token must name'),
  jwtExpiryRequired: truth(true, 'Whether a token must say when it ends (exp)'),
  jwtClockSeconds: count(5, 0, 300, SECONDS, 'Difference of clocks that is forgiven when a token begins or ends'),
  apiKeys: list([], 'Keys of the HTTP API, one a line: at least 32 characters, or sha256: and the hash of one', {
    secret: true,
    fallback: 'embedded: one made at the first start and kept in dataDir; clustered: none, the API is off',
  }),

  // what it stands on
  natsUrl: server(url('nats://', 'tls://'), 'NATS servers, separated by commas', true),
  natsReplicas: z
    .literal([1, 3])
    .default(1)
    .meta(meta('number', 'Copies of the journal; 3 survives the loss of a NATS server', { unit: 'servers' })),
  natsSyncAlways: truth(false, 'Embedded NATS writes through to the disk: survives power loss, costs throughput'),
  postgresUrl: server(url('postgres://', 'postgresql://'), 'Postgres that holds the history', true),
  redisUrl: server(url('redis://', 'rediss://'), 'Redis that holds presence', true),

  // the cluster's pace
  heartbeatMs: count(250, 50, 10_000, MS, 'Interval of heartbeats between nodes'),
  suspicionMs: count(1500, 200, 60_000, MS, 'A node that is silent for so long is taken out of the view'),
  drainSeconds: count(30, 0, 3600, SECONDS, 'Longest time an orderly stop may take'),
  journalRetentionSeconds: count(3600, 0, 31_536_000, SECONDS, 'Age at which archived records leave the journal'),
  historyLagBytes: count(64 << 20, 1 << 20, 2 ** 40, 'bytes', 'Entries not yet archived that a node keeps in memory'),

  // what it says
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta(meta('text', 'Least important line that is logged: debug, info, warn, error, silent')),
  logFormat: z
    .enum(['auto', 'json', 'text'])
    .default('auto')
    .meta(meta('text', 'Form of a line: json, text, or auto: text on a terminal')),
})

export type ConfigKey = keyof typeof configSchema.shape
export const configKeys = Object.keys(configSchema.shape) as ConfigKey[]

export const keyMeta = (key: ConfigKey): KeyMeta => configSchema.shape[key].meta() as unknown as KeyMeta
export const keyDefault = (key: ConfigKey): unknown => configSchema.shape[key].parse(undefined)

/** `jwtSecret` as a variable (`ROOKERY_JWT_SECRET`) or a flag (`--jwt-secret`). */
const words = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
export const variableOf = (key: string): string => `ROOKERY_${words(key).toUpperCase()}`
export const flagOf = (key: string): string => `--${words(key).replaceAll('_', '-')}`

/** Every name a setting may be given by: the keys, and `<key>File` of those that are secret. */
export const settingNames: readonly string[] = configKeys.flatMap((key) =>
  keyMeta(key).secret ? [key, `${key}File`] : [key],
)
