/**
 * HAProxy: the shipped file, run by a real HAProxy with its variables pointing at fake nodes, does what the nodes rely on: it
 * hands over the client's address, spreads connections, and leaves a node alone that is not ready.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startFakeNode, type FakeNode } from './fake-node.js'
import { missing, projectRoot } from './project.js'

const skip = missing('haproxy', 'haproxy')
const file = join(projectRoot, 'ops', 'haproxy.cfg')
const WAIT_MS = 15_000

t.test('haproxy.cfg: is valid as shipped', { skip }, async (t) => {
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
})

t.test('haproxy.cfg: hands the address of the client to a node by PROXY v2', { skip }, async (t) => {
  const { port } = await startBalanced(t)
  const { socket, greeting } = await greeted(t, port)
  t.match(greeting, new RegExp(`^node\\d 127\\.0\\.0\\.1:${socket.localPort}$`))
})

t.test('haproxy.cfg: spreads connections over all nodes', { skip }, async (t) => {
  const { port } = await startBalanced(t)
  const names = new Set<string>()
  for (let i = 0; i < 3; i++) names.add(nameIn((await greeted(t, port)).greeting))
  t.strictSame([...names].sort(), ['node1', 'node2', 'node3'])
})

t.test('haproxy.cfg: gives a node that is not ready nothing new and keeps what it has', { skip }, async (t) => {
  const { port, nodes, said } = await startBalanced(t)
  const first = await greeted(t, port)
  const name = nameIn(first.greeting)
  ;(nodes.get(name) as FakeNode).ready = false
  await said(`Server nodes/${name} is DOWN`)
  for (let i = 0; i < 4; i++) t.not(nameIn((await greeted(t, port)).greeting), name)
  t.notOk(first.socket.destroyed, 'the connection from before is still open')
  ;(nodes.get(name) as FakeNode).ready = true
  await said(`Server nodes/${name} is UP`)
})

const nameIn = (greeting: string): string => greeting.split(' ', 1)[0] ?? ''

async function startBalanced(t: Test) {
  const nodes = new Map<string, FakeNode>()
  for (const name of ['node1', 'node2', 'node3']) nodes.set(name, await startFakeNode(name))
  const port = await freePort()
  const haproxy = spawn('haproxy', ['-db', '-f', file], {
    env: variables(port, nodes),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => stop(haproxy, nodes))
  const said = listener(haproxy.stdout)
  const probe = await connected(port)
  probe.destroy()
  return { port, nodes, said }
}

function variables(port: number, nodes: ReadonlyMap<string, FakeNode>): Record<string, string> {
  const variables: Record<string, string> = { PATH: '/usr/sbin:/usr/bin', ROOKERY_BIND: `127.0.0.1:${port}` }
  for (const [name, node] of nodes) {
    variables[`ROOKERY_${name.toUpperCase()}`] = `127.0.0.1:${node.port}`
    variables[`ROOKERY_${name.toUpperCase()}_INTERNAL_PORT`] = String(node.internalPort)
  }
  return variables
}

async function stop(haproxy: ChildProcess, nodes: ReadonlyMap<string, FakeNode>): Promise<void> {
  for (const node of nodes.values()) node.close()
  const gone = once(haproxy, 'exit')
  haproxy.kill('SIGTERM')
  await gone
}

/** A function that resolves when a line with a text has been, or is, written. */
function listener(output: Readable): (text: string) => Promise<void> {
  const lines = createInterface({ input: output })
  const written: string[] = []
  lines.on('line', (line) => written.push(line))
  return async (text) => {
    const signal = AbortSignal.timeout(WAIT_MS)
    while (!written.some((line) => line.includes(text))) {
      await once(lines, 'line', { signal }).catch(() => {
        throw new Error(`haproxy did not say "${text}" within ${WAIT_MS} ms, but: ${written.join(' | ')}`)
      })
    }
  }
}

async function greeted(t: Test, port: number): Promise<{ socket: Socket; greeting: string }> {
  const socket = await connected(port)
  t.teardown(() => socket.destroy())
  const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(WAIT_MS) })) as [Buffer]
  return { socket, greeting: greeting.toString().trim() }
}

/** Tries again until the port is listened on. */
async function connected(port: number): Promise<Socket> {
  for (const deadline = Date.now() + WAIT_MS; ; await pause(20)) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`nobody listens on ${port} after ${WAIT_MS} ms`, { cause: error })
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
