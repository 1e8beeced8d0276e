/**
 * Three real nodes behind a real HAProxy with the shipped configuration: clients come in by the one address, nodes know where
 * they come from, and what Prometheus scrapes is well-formed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { v7 } from 'uuid'
import { WebSocket } from 'ws'
import { freePort } from '../embedded/free-port.js'
import { packageRoot } from '../package-root.js'
import { CLI } from './process-node.js'
import { Person, SECRET } from './process-person.js'
import { checkTraffic, Talker } from './process-traffic.js'
import { until } from './process-until.js'
import { ProcessWorld } from './process-world.js'

const missing = (command: string, name: string): string | false =>
  spawnSync(command, ['--help']).error !== undefined && `no ${command} on this machine: apt-get install -y ${name}`

const noHaproxy = missing('haproxy', 'haproxy')
const noPromtool = missing('promtool', 'prometheus')
const ORDERS = { ROOKERY_TRUSTED_PROXIES: '127.0.0.1', ROOKERY_LOG_LEVEL: 'debug' }

/** The shipped file in front of the nodes of a world; answers the URL for clients. */
async function balance(t: Test, { nodes }: ProcessWorld): Promise<string> {
  const port = await freePort()
  const env: Record<string, string> = { PATH: '/usr/sbin:/usr/bin', ROOKERY_BIND: `127.0.0.1:${String(port)}` }
  for (const [i, node] of nodes.entries()) {
    env[`ROOKERY_NODE${String(i + 1)}`] = `127.0.0.1:${String(node.port)}`
    env[`ROOKERY_NODE${String(i + 1)}_INTERNAL_PORT`] = String(node.internalPort)
  }
  const haproxy = spawn('haproxy', ['-db', '-f', join(packageRoot, 'ops', 'haproxy.cfg')], { env, stdio: 'ignore' })
  t.teardown(async () => {
    const gone = once(haproxy, 'exit')
    haproxy.kill('SIGTERM')
    await gone
  })
  const api = `http://127.0.0.1:${String(port)}/api/v1/openapi.json`
  await until('HAProxy lets requests through', async () => (await fetch(api)).ok)
  return `ws://127.0.0.1:${String(port)}/ws`
}

/** A socket that leaves this machine, as it were, by another address. */
const from = (localAddress: string) =>
  class extends WebSocket {
    constructor(url: string, subprotocol: string) {
      super(url, subprotocol, { localAddress })
    }
  }

t.test(
  'haproxy: clients of three nodes talk through it, and nodes log where they come from',
  { skip: noHaproxy },
  async (t) => {
    const world = await ProcessWorld.start(3, ORDERS)
    t.teardown(() => world.stop())
    const url = await balance(t, world)
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
    const people = addresses.map((address, i) => new Person(`p${String(i)}`, url, { WebSocket: from(address) }))
    t.teardown(() => Promise.all(people.map((person) => person.client.close())))
    for (const person of people) await person.client.connect()

    const logged = world.nodes.map((node) => remotes(node.lines))
    t.strictSame(logged.flat().sort(), addresses, 'each address once, on the node that has the client')
    t.ok(
      logged.every((remotes) => remotes.length > 0),
      'every node got some',
    )

    const group = `g:${v7()}`
    await people[0]?.client.create(group, { users: people.slice(1).map(({ user }) => user) })
    const talkers = people.map((person) => new Talker(person, group))
    await until('everybody talks', () => talkers.every(({ acked }) => acked.length >= 20))
    await world.node(1).kill()
    const counts = talkers.map(({ acked }) => acked.length + 20)
    await until('everybody goes on without a node', () =>
      talkers.every(({ acked }, i) => acked.length >= (counts[i] ?? 0)),
    )
    await world.node(1).start()
    await world.settled()
    await checkTraffic(t, talkers)
    await checkReplay(t, url)
    await checkMetrics(t, world)
  },
)

/** Addresses of clients that said so in the log lines `connection opened`. */
function remotes(lines: readonly string[]): string[] {
  const opened = lines.filter((line) => line.includes('"connection opened"'))
  return opened.map((line) => (JSON.parse(line) as { remote: string }).remote)
}

/** A chat log by the one address: everything acked reaches everybody once and in order. */
async function checkReplay(t: Test, url: string): Promise<void> {
  const file = join(t.testdir({}), 'chat.tsv')
  const lines = Array.from({ length: 400 }, (_, i) =>
    ['2004-11-15', String(Math.floor(i / 20)), `nick${String((i * 7) % 20)}`, `message ${String(i)}`].join('\t'),
  )
  await writeFile(file, `${lines.join('\n')}\n`)
  const args = ['replay', file, '--speed', 'max', '--url', url, '--secret', SECRET, '--json']
  const replay = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const outcome = JSON.parse((await text(replay.stdout)).trimEnd().split('\n').at(-1) ?? '') as unknown
  t.match(outcome, { acked: 400, lost: 0, duplicated: 0, outOfOrder: 0 })
}

async function checkMetrics(t: Test, world: ProcessWorld): Promise<void> {
  for (const node of world.nodes) {
    const metrics = await node.metrics()
    t.match(metrics, /^rookery_sessions/m)
    if (noPromtool !== false) t.comment(noPromtool)
    else {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: metrics,
        encoding: 'utf8',
      })
      t.equal(`${String(status)}${stdout}${stderr}`, '0', `promtool has nothing to say about ${node.name}`)
    }
  }
}
