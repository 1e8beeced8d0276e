/** Command line: what `rookery` prints, how it ends, and what it says when something is wrong; as a process, as people run it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeJwt } from 'jose'
import t from 'tap'
import { jsonCodec } from '../../protocol/codec-json.js'
import type { Command } from '../../protocol/frames.js'
import { durationSeconds } from '../cli/token.js'
import { nodesText } from '../cli/nodes.js'
import { welcomeText } from '../cli/welcome.js'
import { loadConfig } from '../config.js'
import { freePort } from '../embedded/free-port.js'

const main = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const SECRET = 'a secret of at least thirty-two bytes'
const folder = mkdtempSync(join(tmpdir(), 'rookery-cli-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function rookery(args: readonly string[], env: Record<string, string> = {}) {
  const variables = { PATH: '/usr/bin:/bin', ROOKERY_DATA_DIR: join(folder, 'data'), ...env }
  return spawnSync(process.execPath, [main, ...args], { env: variables, cwd: folder, encoding: 'utf8' })
}

t.test('cli: --help lists every command and ends well', async (t) => {
  const { status, stdout } = rookery(['--help'])
  t.equal(status, 0)
  for (const command of ['start', 'token', 'nodes', 'doctor', 'check-config', 'print-config', 'replay', 'bench']) {
    t.match(stdout, new RegExp(`^  ${command} `, 'm'))
  }
})

t.test('cli: an unknown command or flag ends with 2 and names the nearest', async (t) => {
  const command = rookery(['strat'])
  t.equal(command.status, 2)
  t.match(command.stderr, /start/)
  const flag = rookery(['start', '--prot', '1'])
  t.equal(flag.status, 2)
  t.match(flag.stderr, /Did you mean --port\?/)
})

t.test('cli: wrong settings end with 2 and say what to do, without a stack', async (t) => {
  const { status, stderr } = rookery(['check-config'], { ROOKERY_SHRADS: '8', ROOKERY_PORT: '99999' })
  t.equal(status, 2)
  t.match(stderr, /did you mean ROOKERY_SHARDS\?/)
  t.match(stderr, /ROOKERY_PORT: /)
  t.notMatch(stderr, / at /)
})

t.test('cli: check-config tries keys, origins and proxies too', async (t) => {
  t.equal(rookery(['check-config']).status, 0)
  const env = { ROOKERY_ORIGINS: 'nonsense', ROOKERY_TRUSTED_PROXIES: '300.1.1.1', ROOKERY_JWT_PUBLIC_KEYS: 'no key' }
  const { status, stderr } = rookery(['check-config'], env)
  t.equal(status, 2)
  t.match(stderr, /origins: [^]*trustedProxies: [^]*jwtPublicKeys: /)
})

t.test('cli: print-config shows the value in effect and whence, but no secret', async (t) => {
  const { stdout } = rookery(['print-config', '--port', '1234'], { ROOKERY_JWT_SECRET: SECRET })
  t.match(stdout, /^port = 1234 {2}\(--port\)$/m)
  t.match(stdout, /^jwtSecret = \["\*+"\] {2}\(ROOKERY_JWT_SECRET\)$/m)
  t.match(JSON.parse(rookery(['print-config', '--json', '--port', '1234']).stdout), { port: 1234 })
})

t.test('cli: token prints a token of the user that ends when asked', async (t) => {
  const { status, stdout } = rookery(['token', 'alice', '--expires', '90s'], { ROOKERY_JWT_SECRET: SECRET })
  const { sub, iat, exp } = decodeJwt(stdout.trim())
  t.equal(status, 0)
  t.strictSame([sub, (exp ?? 0) - (iat ?? 0)], ['alice', 90])
})

t.test('cli: token refuses a user or a time that cannot be', async (t) => {
  t.equal(rookery(['token', 'al ice']).status, 2)
  t.equal(rookery(['token', 'alice', '--expires', 'soon']).status, 2)
  t.equal(durationSeconds('2d'), 172_800)
  t.throws(() => durationSeconds('0s'))
})

t.test('cli: nodes says when nobody answers', async (t) => {
  const { status, stderr } = rookery(['nodes', '--url', `http://127.0.0.1:${await freePort()}`])
  t.equal(status, 1)
  t.match(stderr, /is a node running there\?/)
})

t.test('cli: nodes lists the members of the newest view with their shards', async (t) => {
  const member = (node: string) => ({ node, incarnation: 0, version: 1, address: `${node}:8080`, ready: true })
  const view = { number: 4, version: 1, members: [member('a'), member('b')], owners: [0, 1, 1, -1] }
  const status = { node: 'a', incarnation: 0, state: 'serving', view, owned: [0], sessions: 0 } as const
  const text = nodesText({
    workers: [
      { worker: 'a', state: 'running', node: status },
      { worker: 'c', state: 'waiting', node: null },
    ],
  })
  t.match(text, 'worker c is waiting\n')
  t.match(text, 'view 4, 4 shards, as a sees it\n')
  t.match(text, /^b +ready +2 +1970-01-01T00:00:00 +b:8080$/m)
  t.match(text, '1 shards have no owner\n')
})

t.test('cli: doctor looks at the machine and at servers that are configured', async (t) => {
  const { stdout } = rookery(['doctor'])
  t.match(stdout, /^ok {4}Node\.js/m)
  t.match(stdout, /^ok {4}uWebSockets\.js +loads$/m)
  t.match(stdout, /^ok {4}embedded NATS/m)
  const away = await freePort()
  const env = {
    NATS_URL: `nats://127.0.0.1:${away}`,
    POSTGRES_URL: `postgres://127.0.0.1:${away}/none`,
    REDIS_URL: `redis://127.0.0.1:${away}`,
    ROOKERY_JWT_SECRET: SECRET,
  }
  const clustered = rookery(['doctor'], env)
  t.equal(clustered.status, 1)
  for (const server of ['NATS', 'Postgres', 'Redis'])
    t.match(clustered.stdout, new RegExp(`^fail {2}${server} [^\\n]*\\n +->`, 'm'))
})

t.test('cli: what is said at the start can be pasted', async (t) => {
  const { config } = loadConfig({ env: { ROOKERY_JWT_SECRET: SECRET, ROOKERY_API_KEYS: SECRET } })
  const text = await welcomeText(config, { publicPort: 8080, internalPort: 8081 })
  t.match(text, 'npx wscat -c ws://127.0.0.1:8080/ws -s rookery.json.v1\n')
  const commands: Command[] = []
  const sink = { command: (command: Command) => commands.push(command), fault: (fault: Error) => t.fail(fault.message) }
  for (const [, json = ''] of text.matchAll(/^ +(\{.*\})$/gm)) jsonCodec.decodeCommands(Buffer.from(json), sink)
  t.match(commands, [{ frame: 'connect' }, { frame: 'connect' }, { frame: 'send', conversation: 'd:alice:bob' }])
  t.strictSame(
    commands.map((command) => 'token' in command && decodeJwt(command.token).sub),
    ['alice', 'bob', false],
  )
  t.match(text, `Authorization: Bearer ${SECRET}`)
})
