/**
 * Starting and stopping, as people do it: the embedded server and what it prints, two terminals that chat with the printed
 * commands, Ctrl-C, a port that is taken.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort, freePorts } from '../embedded/free-port.js'
import { until } from './process-until.js'
import { processesIn, rookery, wscat, type Terminal } from './process-terminal.js'

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rookery-start-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const ports = async () => {
  const [port, internalPort] = await freePorts(2)
  return ['--port', String(port), '--internal-port', String(internalPort)]
}

/** The commands and lines a person is told to paste, and where the internal port is. */
interface Welcome {
  readonly args: readonly string[]
  readonly alice: string
  readonly bob: string
  readonly message: string
  readonly internal: string
}

async function welcome(server: Terminal): Promise<Welcome> {
  const [, args = ''] = await server.shows(/npx wscat (.*)\n/)
  const [, alice = '', bob = ''] = await server.shows(/as alice\n +(\{.*\})\nand as bob\n +(\{.*\})\n/)
  const [, message = ''] = await server.shows(/in either of them,\n +(\{.*\})\n/)
  const [, internal = ''] = await server.shows(/Internal +(http:\S+)/)
  await server.shows(/Ctrl-C stops it/)
  return { args: args.split(' '), alice, bob, message, internal }
}

/** wscat in as many terminals, connected: what is typed before that it throws away. */
async function terminals(t: Test, dir: string, count: number, { args, internal }: Welcome): Promise<Terminal[]> {
  const opened = Array.from({ length: count }, () => wscat(t, dir, args))
  await until(`${String(count)} wscat are connected`, async () => {
    const metrics = await (await fetch(`${internal}/metrics`)).text()
    return new RegExp(`^rookery_connections(\\{.*\\})? ${String(count)}$`, 'm').test(metrics)
  })
  return opened
}

t.test(
  'start: two terminals chat with the printed commands, Ctrl-C stops all, the next start has the history',
  async (t) => {
    const dir = await folder(t)
    const flags = await ports()
    const server = rookery(t, dir, flags)
    const printed = await welcome(server)
    const { alice, bob, message } = printed
    const [first, second] = (await terminals(t, dir, 2, printed)) as [Terminal, Terminal]
    first.type(alice)
    second.type(bob)
    await Promise.all([first.shows(/"frame":"welcome"/), second.shows(/"frame":"welcome"/)])
    first.type(message)
    await second.shows(/"frame":"push".*"conversation":"d:alice:bob".*"content":"hi"/)
    second.type(message.replace('"hi"', '"hello alice"'))
    await first.shows(/"content":"hello alice"/)
    t.ok(processesIn(dir).length > 0, 'servers run below the folder')

    server.signal('SIGINT')
    t.equal(await server.end(), 0)
    t.strictSame(processesIn(dir), [], 'nothing it started is left')
    await Promise.all([first.end(), second.end()])

    const again = rookery(t, dir, flags)
    const [terminal] = (await terminals(t, dir, 1, await welcome(again))) as [Terminal]
    terminal.type(alice)
    await terminal.shows(/"frame":"welcome"/)
    terminal.type(
      JSON.stringify({
        frame: 'history',
        ref: 7,
        conversation: 'd:alice:bob',
        direction: 'before',
        seq: 0,
        limit: 9,
        types: [],
      }),
    )
    await terminal.shows(/"frame":"page".*"content":"hi".*"content":"hello alice"/)
    again.signal('SIGTERM')
    t.equal(await again.end(), 0)
  },
)

t.test('start: after a kill the next start ends what was left of the one before, and serves', async (t) => {
  const dir = await folder(t)
  const server = rookery(t, dir, await ports())
  await welcome(server)
  server.signal('SIGKILL')
  await server.end()
  const again = rookery(t, dir, await ports())
  await welcome(again)
  again.signal('SIGINT')
  t.equal(await again.end(), 0)
  await until('nothing is left of either', () => processesIn(dir).length === 0)
})

t.test('start: a taken port is an error that says so, and nothing is left running', async (t) => {
  const dir = await folder(t)
  const server = rookery(t, dir, await ports())
  const printed = await welcome(server)
  const taken = new URL(printed.args[1] ?? '').port
  const other = await folder(t)
  for (const flag of ['--port', '--internal-port']) {
    const free = flag === '--port' ? '--internal-port' : '--port'
    const second = rookery(t, other, [flag, taken, free, String(await freePort())])
    t.equal(await second.end(), 1)
    t.match(second.text, `port ${taken} on`)
    t.match(second.text, 'is in use')
    t.notMatch(second.text, /\n +at /, 'without a stack')
    t.strictSame(processesIn(other), [])
  }
  const same = rookery(t, dir, await ports())
  t.equal(await same.end(), 1)
  t.match(same.text, 'already running', 'and so is a data folder that is in use')
  await terminals(t, dir, 1, printed)
})
