/** Config: which source wins, what is refused and in which words, and that secrets never show. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ConfigError } from '../config-error.js'
import { configKeys, flagOf, keyMeta, variableOf } from '../config-keys.js'
import { configText, maskedConfig } from '../config-print.js'
import { withKeptSecrets } from '../config-secret.js'
import { loadConfig, type ConfigInput } from '../config.js'

const SECRET = 'not to be seen by anybody, ever!'
const CLUSTERED = {
  NATS_URL: 'nats://user:hidden1@nats:4222',
  POSTGRES_URL: 'postgres://user:hid/den2@db/rookery?password=hidden3',
  REDIS_URL: 'redis://:hidden4@redis:6379',
  ROOKERY_JWT_SECRET: SECRET,
}

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'rookery-config-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

function fileWith(t: Test, settings: unknown): string {
  const path = join(folder(t), 'rookery.json')
  writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings))
  return path
}

function problems(input: ConfigInput): string {
  try {
    loadConfig(input)
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n')
    throw error
  }
}

t.test('config: without any source it is embedded, with every default', async (t) => {
  const { config } = loadConfig({ env: {} })
  t.match(config, { mode: 'embedded', port: 8080, internalPort: 8081, internalHost: '127.0.0.1', shards: 16 })
  t.match(config, { maxConnections: 100_000, heartbeatSeconds: 30, idleSeconds: 300, suspicionMs: 1500 })
})

t.test('config: servers make it clustered, with 64 shards', async (t) => {
  t.match(loadConfig({ env: CLUSTERED }).config, { mode: 'clustered', shards: 64, natsReplicas: 1 })
})

t.test('config: the file beats the default, the environment the file, a flag the environment', async (t) => {
  const config = fileWith(t, { port: 1001, internalPort: 2001, idleSeconds: 301 })
  const env = { ROOKERY_INTERNAL_PORT: '2002', ROOKERY_IDLE_SECONDS: '302' }
  const loaded = loadConfig({ flags: { config, idleSeconds: '303' }, env })
  t.match(loaded.config, { port: 1001, internalPort: 2002, idleSeconds: 303 })
  t.equal(loaded.origins.get('idleSeconds'), '--idle-seconds')
  t.equal(loaded.origins.get('internalPort'), 'ROOKERY_INTERNAL_PORT')
})

t.test('config: an unknown setting is refused by its nearest name, in the file and in the environment', async (t) => {
  t.match(problems({ flags: { config: fileWith(t, { prot: 1 }) }, env: {} }), /^prot in .* did you mean port\?$/)
  t.match(problems({ env: { ROOKERY_IDEL_SECONDS: '1' } }), /did you mean ROOKERY_IDLE_SECONDS\?$/)
  t.match(problems({ env: { ROOKERY_XYZZY: '1' } }), /print-config/)
})

t.test('config: a file that is not a JSON object is refused', async (t) => {
  t.match(problems({ flags: { config: fileWith(t, '{"port":') }, env: {} }), /cannot be read as JSON/)
  t.match(problems({ flags: { config: fileWith(t, '[1]') }, env: {} }), /one JSON object/)
  t.match(problems({ env: { ROOKERY_CONFIG: '/nowhere/rookery.json' } }), /cannot be read/)
})

t.test('config: everything that is wrong is said at once, with where it came from', async (t) => {
  const said = problems({ flags: { port: 'http' }, env: { ROOKERY_SHARDS: '12', ROOKERY_NODE: 'a b' } })
  t.match(said, /^--port: /m)
  t.match(said, /^ROOKERY_SHARDS: must be a power of two/m)
  t.match(said, /^ROOKERY_NODE: /m)
})

t.test('config: settings that contradict each other are refused', async (t) => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ NATS_URL: 'nats://a' }, /postgresUrl is missing[^]*redisUrl is missing[^]*no way to check tokens/],
    [{ POSTGRES_URL: 'postgres://a/b' }, /POSTGRES_URL is given but NATS_URL is not/],
    [{ ROOKERY_WORKERS: '2' }, /workers above 1 need mode clustered/],
    [{ ...CLUSTERED, ROOKERY_MODE: 'embedded' }, /natsUrl is given but mode is embedded/],
    [{ ...CLUSTERED, ROOKERY_NATS_SYNC_ALWAYS: 'true' }, /sync_interval/],
    [{ ...CLUSTERED, ROOKERY_JWT_SECRET: 'short' }, /fewer than 32 bytes/],
    [{ ...CLUSTERED, ROOKERY_WORKERS: '2', ROOKERY_PORT: '0' }, /port 0 with several workers/],
    [{ ROOKERY_PORT: '9', ROOKERY_INTERNAL_PORT: '9' }, /both 9/],
    [{ ROOKERY_HEARTBEAT_MS: '1000' }, /below three heartbeats/],
  ]
  for (const [env, reason] of refused) t.match(problems({ env }), reason)
})

t.test('config: a secret is read from the file that is named for it, several from one file', async (t) => {
  const ROOKERY_JWT_SECRET_FILE = join(folder(t), 'jwt')
  writeFileSync(ROOKERY_JWT_SECRET_FILE, `${SECRET}\n${SECRET}2\n`)
  t.strictSame(loadConfig({ env: { ROOKERY_JWT_SECRET_FILE } }).config.jwtSecret, [SECRET, `${SECRET}2`])
  t.match(
    problems({ env: { ROOKERY_JWT_SECRET_FILE: '/nowhere' } }),
    /ROOKERY_JWT_SECRET_FILE: the file .* cannot be read/,
  )
  t.match(problems({ env: { ROOKERY_JWT_SECRET_FILE, ROOKERY_JWT_SECRET: SECRET } }), /the same thing twice/)
})

t.test('config: public keys are taken as PEM blocks', async (t) => {
  const key = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----'
  t.strictSame(loadConfig({ env: { ROOKERY_JWT_PUBLIC_KEYS: `${key}\n${key}\n` } }).config.jwtPublicKeys, [key, key])
})

t.test('config: nothing that is printed or refused holds a secret', async (t) => {
  const loaded = loadConfig({ env: { ...CLUSTERED, ROOKERY_API_KEYS: SECRET } })
  const printed = configText(loaded) + JSON.stringify(maskedConfig(loaded.config))
  t.notMatch(printed, /hidden|hid\/den|not to be seen/)
  t.match(printed, /nats:4222/)
  t.notMatch(problems({ env: { ...CLUSTERED, NATS_URL: 'http://user:hidden@nats' } }), /hidden/)
})

t.test('config: every setting has a description and a name of its own in each source', async (t) => {
  t.equal(new Set(configKeys.map(variableOf)).size, configKeys.length)
  t.equal(new Set(configKeys.map(flagOf)).size, configKeys.length)
  t.strictSame(
    configKeys.filter((key) => keyMeta(key).description === ''),
    [],
  )
})

t.test('config: embedded mode makes a secret once, keeps it, and lets only its owner read it', async (t) => {
  const dataDir = join(folder(t), 'data')
  const { config } = loadConfig({ env: {}, flags: { dataDir } })
  const first = withKeptSecrets(config)
  t.match(first.jwtSecret, [/^[0-9a-f]{64}$/])
  t.strictSame(withKeptSecrets(config), first)
  t.equal(statSync(join(dataDir, 'secrets.json')).mode & 0o777, 0o600)
  t.match(readFileSync(join(dataDir, 'secrets.json'), 'utf8'), first.jwtSecret[0])
  writeFileSync(join(dataDir, 'secrets.json'), '{}')
  t.throws(() => withKeptSecrets(config), /damaged: delete it/)
})

t.test('config: a configured secret is never replaced, and clustered mode makes none', async (t) => {
  const dataDir = join(folder(t), 'data')
  const given = loadConfig({ env: { ROOKERY_JWT_SECRET: SECRET }, flags: { dataDir } }).config
  t.strictSame(withKeptSecrets(given).jwtSecret, [SECRET])
  const clustered = loadConfig({ env: CLUSTERED }).config
  t.equal(withKeptSecrets(clustered), clustered)
})
