/** Supervisor: real processes of fake workers on one machine: started, counted, restarted, stopped. */
import t, { type Test } from 'tap'
import { silent, type Logger } from '../../actors/logger.js'
import { systemClock } from '../clock-system.js'
import { loadConfig, type Config } from '../config.js'
import { freePort } from '../embedded/free-port.js'
import { startSupervisor, type Supervisor } from '../supervisor.js'

const WAIT_MS = 20_000
const entry = new URL('./fake-worker.js', import.meta.url)

async function settings(cluster = 'fake'): Promise<Config> {
  const env = {
    NATS_URL: 'nats://127.0.0.1:1',
    POSTGRES_URL: 'postgres://127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    ROOKERY_JWT_SECRET: 'a secret of at least thirty-two bytes',
  }
  const ports = { port: String(await freePort()), internalPort: '0' }
  const flags = { ...ports, host: '127.0.0.1', workers: '2', node: 'box', logLevel: 'silent', cluster }
  return loadConfig({ env, flags }).config
}

async function started(t: Test, log: Logger = silent): Promise<Supervisor> {
  const onDrain = () => undefined
  const supervisor = await startSupervisor({ config: await settings(), entry, clock: systemClock, log, onDrain })
  t.teardown(() => supervisor.stop())
  return supervisor
}

const get = (supervisor: Supervisor, path: string) => fetch(`http://127.0.0.1:${supervisor.internalPort}${path}`)

/** A logger, and a promise that a line with a text was logged. */
function listening() {
  const waiting: { text: string; heard: () => void }[] = []
  const line = (_: object, text: string) => {
    for (const wait of waiting) if (text.includes(wait.text)) wait.heard()
  }
  const heard = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`"${text}" was not logged within ${WAIT_MS} ms`)), WAIT_MS)
      waiting.push({ text, heard: () => resolve(clearTimeout(late)) })
    })
  return { log: { debug: line, info: line, warn: line, error: line }, heard }
}

t.test('supervisor: workers are nodes of their own name, and its page holds the metrics of all', async (t) => {
  const supervisor = await started(t)
  t.strictSame(
    supervisor.workers.map(({ name, state }) => [name, state]),
    [
      ['box-1', 'running'],
      ['box-2', 'running'],
    ],
  )
  const page = await (await get(supervisor, '/metrics')).text()
  t.match(page, 'rookery_connections{worker="box-1"} 0\nrookery_connections{worker="box-2"} 0\n')
  t.match(page, 'rookery_workers{state="running"} 2\n')
  t.equal((await get(supervisor, '/readyz')).status, 200)
  t.match(await (await get(supervisor, '/status')).json(), {
    workers: [
      { worker: 'box-1', node: { node: 'box-1', state: 'serving' } },
      { worker: 'box-2', state: 'running' },
    ],
  })
})

t.test('supervisor: a worker that is killed is started again, and the other one is left alone', async (t) => {
  const { log, heard } = listening()
  const supervisor = await started(t, log)
  const [first, second] = supervisor.workers.map((worker) => worker.pid as number)
  const again = heard('the worker runs again')
  process.kill(first as number, 'SIGKILL')
  await again
  t.not(supervisor.workers[0]?.pid, first)
  t.equal(supervisor.workers[1]?.pid, second)
  t.match(await (await get(supervisor, '/metrics')).text(), 'rookery_worker_restarts_total 1\n')
})

t.test('supervisor: draining ends every worker and starts none again', async (t) => {
  const supervisor = await started(t)
  await supervisor.drain()
  t.strictSame(
    supervisor.workers.map(({ state, restarts }) => [state, restarts]),
    [
      ['stopped', 0],
      ['stopped', 0],
    ],
  )
  const answer = await get(supervisor, '/readyz')
  t.equal(answer.status, 503)
  t.match(await answer.text(), /no worker is ready/)
})

t.test('supervisor: the reason why a worker cannot start is the reason why the supervisor does not', async (t) => {
  const options = { config: await settings('broken'), entry, clock: systemClock, log: silent, onDrain: () => undefined }
  await t.rejects(startSupervisor(options), /worker box-\d did not start: the journal is of another cluster/)
})

t.test('supervisor: a public port that somebody else has is refused before any worker starts', async (t) => {
  const config = await settings()
  const { createServer } = await import('node:net')
  const other = createServer().listen(config.port, '127.0.0.1')
  t.teardown(() => other.close())
  const onDrain = () => undefined
  await t.rejects(startSupervisor({ config, entry, clock: systemClock, log: silent, onDrain }), { code: 'port-taken' })
})
