/**
 * The embedded nats-server: starts, answers, comes back on its port with its data, and says why when it cannot start.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'nats'
import t from 'tap'
import { startNatsCluster } from '../embedded/nats-cluster.js'
import { startNatsServer } from '../embedded/nats-server.js'

function folder(t: Tap): string {
  const dir = mkdtempSync(join(tmpdir(), 'rookery-nats-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

type Tap = { teardown(task: () => unknown): void }

async function roundTrip(url: string): Promise<string> {
  const client = await connect({ servers: url })
  client.subscribe('question', { callback: (_error, message) => message.respond('answer') })
  const answer = await client.request('question', '', { timeout: 2000 })
  await client.close()
  return answer.string()
}

t.test('nats-server: answers when started, and again on the same port after a kill', async (t) => {
  const dir = folder(t)
  const first = await startNatsServer({ dir })
  t.equal(await roundTrip(first.url), 'answer')
  await first.kill()
  t.equal(await first.exited, null)
  const second = await startNatsServer({ dir })
  t.equal(second.url, first.url)
  t.not(second.pid, first.pid)
  t.equal(await roundTrip(second.url), 'answer')
  await second.stop()
})

t.test('nats-server: a start on a taken port rejects with the last log lines', async (t) => {
  const holder = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => holder.close())
  const { port } = holder.address() as AddressInfo
  await t.rejects(startNatsServer({ dir: folder(t), port }), /address already in use/)
})

t.test('nats-server: a second start in a folder whose server runs under a living owner is refused', async (t) => {
  const dir = folder(t)
  const server = await startNatsServer({ dir })
  t.teardown(() => server.stop())
  await t.rejects(startNatsServer({ dir }), /already running as process/)
})

t.test('nats-server: a folder can be used again after its owner was killed', async (t) => {
  const dir = folder(t)
  const module = fileURLToPath(new URL('../embedded/nats-server.js', import.meta.url))
  const code = `const { startNatsServer } = await import(${JSON.stringify(module)})
    console.log((await startNatsServer({ dir: ${JSON.stringify(dir)} })).port)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  const server = await startNatsServer({ dir })
  t.teardown(() => server.stop())
  t.equal(server.port, Number(line.toString()))
  t.equal(await roundTrip(server.url), 'answer')
})

t.test('nats-cluster: three servers replicate, and one can be killed and restarted', async (t) => {
  const cluster = await startNatsCluster({ dir: folder(t) })
  t.teardown(() => cluster.stop())
  t.equal(cluster.url.split(',').length, 3)
  await cluster.servers[1]?.kill()
  const again = await cluster.restart(1)
  t.equal(await roundTrip(again.url), 'answer')
})
