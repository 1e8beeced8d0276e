/** Internal HTTP: what each path answers, and what is said when the port cannot be had. */
import t, { type Test } from 'tap'
import { silent } from '../../actors/logger.js'
import { serveInternals, type Internals } from '../internal-http.js'

const quiet: Internals = {
  metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('x 1\n') },
  unready: () => null,
  status: () => ({ node: 'n1' }),
  drain: () => undefined,
}

async function serving(t: Test, internals: Partial<Internals> = {}): Promise<string> {
  const options = { internalHost: '127.0.0.1', internalPort: 0 }
  const http = await serveInternals(options, { ...quiet, ...internals }, silent)
  t.teardown(() => http.close())
  return `http://127.0.0.1:${http.port}`
}

t.test('internal http: metrics, health and status are answered', async (t) => {
  const url = await serving(t)
  const metrics = await fetch(`${url}/metrics`)
  t.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4')
  t.equal(await metrics.text(), 'x 1\n')
  t.equal((await fetch(`${url}/healthz`)).status, 200)
  t.strictSame(await (await fetch(`${url}/status`)).json(), { node: 'n1' })
})

t.test('internal http: readiness is 503 with the reason while the node should get nothing new', async (t) => {
  let reason: string | null = 'draining'
  const url = await serving(t, { unready: () => reason })
  const before = await fetch(`${url}/readyz`)
  t.equal(before.status, 503)
  t.match(await before.text(), /draining/)
  reason = null
  t.equal((await fetch(`${url}/readyz`)).status, 200)
})

t.test('internal http: POST /drain begins to drain, GET does not', async (t) => {
  let drains = 0
  const url = await serving(t, { drain: () => void drains++ })
  t.equal((await fetch(`${url}/drain`)).status, 404)
  t.equal(drains, 0)
  t.equal((await fetch(`${url}/drain`, { method: 'POST' })).status, 202)
  t.equal(drains, 1)
})

t.test('internal http: what fails behind a path is a 500 without details', async (t) => {
  const url = await serving(t, { status: () => Promise.reject(new Error('hidden')) })
  const answer = await fetch(`${url}/status`)
  t.equal(answer.status, 500)
  t.notMatch(await answer.text(), /hidden/)
})

t.test('internal http: a taken port is refused with the code port-taken', async (t) => {
  const url = new URL(await serving(t))
  const again = serveInternals({ internalHost: '127.0.0.1', internalPort: Number(url.port) }, quiet, silent)
  await t.rejects(again, { code: 'port-taken' })
})
