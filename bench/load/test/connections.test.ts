/** Connections: the few that a system loses while thousands come in are opened again; more than that is an error. */
import t, { type Test } from 'tap'
import { Connections } from '../connections.js'
import type { LoadClient, LoadProtocol } from '../load-client.js'
import type { Target } from '../target.js'

const IDLE: Omit<LoadClient, 'user'> = {
  join: () => Promise.resolve(),
  sendDirect: () => undefined,
  sendGroup: () => undefined,
  echo: () => undefined,
  heartbeat: () => undefined,
  confirm: () => undefined,
  close: () => undefined,
}

/** 200 connections, of which two may be opened again. `fault` is asked at each attempt of a connection, the first is 1. */
function opening(test: Test, fault: (at: number, attempt: number) => 'refused' | 'lost' | null) {
  const attempts = new Map<number, number>()
  const lost: string[] = []
  const protocol: LoadProtocol = {
    heartbeatSeconds: 30,
    connect: (_target, user, at, listener) => {
      const attempt = (attempts.get(at) ?? 0) + 1
      attempts.set(at, attempt)
      const what = fault(at, attempt)
      if (what === 'refused') return Promise.reject(new Error('refused'))
      if (what === 'lost') listener.lost(at, 'closed')
      return Promise.resolve({ ...IDLE, user })
    },
  }
  const target: Target = { protocol: 'plain', urls: [''] }
  const range = { target, prefix: 'user-', first: 0, count: 200 }
  const connections = new Connections(protocol, range, (reason) => lost.push(reason))
  test.teardown(() => connections.close())
  return { connections, attempts, lost }
}

t.test('connections: one refused and one lost while all come in are opened again', async (t) => {
  const { connections, attempts, lost } = opening(t, (at, attempt) => {
    if (attempt > 1) return null
    return at === 7 ? 'refused' : at === 120 ? 'lost' : null
  })
  await connections.open()
  t.same(
    [...attempts].filter(([, count]) => count > 1),
    [
      [7, 2],
      [120, 2],
    ],
  )
  t.equal(connections.clients.length, 200)
  t.same(lost, [])
})

t.test('connections: one that is refused every time is an error after a few attempts', async (t) => {
  const { connections, attempts } = opening(t, (at) => (at === 7 ? 'refused' : null))
  await t.rejects(connections.open(), /refused/)
  t.equal(attempts.get(7), 3)
})

t.test('connections: more losses than a few are told', async (t) => {
  const { connections, lost } = opening(t, (at, attempt) => (at < 3 && attempt === 1 ? 'lost' : null))
  await connections.open()
  t.equal(lost.length, 1)
})

t.test('connections: what is lost after all have come is not opened again', async (t) => {
  const { connections, attempts, lost } = opening(t, () => null)
  await connections.open()
  connections.lost(5, 'closed')
  t.equal(attempts.get(5), 1)
  t.match(lost, [/user-5 was lost: closed/])
})
