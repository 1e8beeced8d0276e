/** Presence of a node's devices: written in batches, refreshed before it ends, and never in anybody's way. */
import t from 'tap'
import { silent } from '../logger.js'
import { MemoryPresence } from '../presence-memory.js'
import { PRESENCE_TTL_SECONDS } from '../presence.js'
import { PresenceSync } from '../presence-sync.js'
import { createSessions } from './session-fixture.js'

function createSync() {
  const world = createSessions({
    came: (session) => sync.came(session),
    went: (session) => sync.went(session),
  })
  const { clock, sessions } = world
  const presence = new MemoryPresence(clock)
  const calls: string[] = []
  const state = { away: false }
  const write =
    (what: 'touch' | 'leave') =>
    (devices: Parameters<MemoryPresence['touch']>[0]): Promise<void> => {
      calls.push(`${what} ${String(devices.length)}`)
      return state.away ? Promise.reject(new Error('presence is away')) : presence[what](devices)
    }
  const sync: PresenceSync = new PresenceSync({
    node: 'n1',
    clock,
    log: silent,
    presence: {
      touch: write('touch'),
      leave: write('leave'),
      query: (users) => presence.query(users),
      close: () => presence.close(),
    },
    sessions: () => sessions.all(),
    size: () => sessions.size,
  })
  const wait = (ms: number): Promise<void> => clock.run(clock.now() + ms)
  const sweepFor = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      await wait(1_000)
      sync.sweep()
    }
    await wait(0)
  }
  const stateOf = async (user: string): Promise<string | undefined> => (await presence.query([user]))[0]?.state
  return { ...world, sync, calls, state, wait, sweepFor, stateOf }
}

t.test('presence sync: who is sent off by a drain is not offline for the moment of coming back', async (t) => {
  const { open, wait, calls, sync, stateOf } = createSync()
  const ann = await open('ann')
  await wait(200)
  sync.drain()
  ann.session.closed()
  await wait(10_000)
  t.same(calls, ['touch 1'])
  t.equal(await stateOf('ann'), 'online')
  await wait(PRESENCE_TTL_SECONDS * 1000)
  t.equal(await stateOf('ann'), 'offline', 'who does not come back expires')
})

t.test('presence sync: who comes and goes is written, gathered', async (t) => {
  const { open, wait, calls, stateOf } = createSync()
  const ann = await open('ann')
  await open('bob')
  t.same(calls, [])
  await wait(200)
  t.same(calls, ['touch 2'])
  t.equal(await stateOf('ann'), 'online')
  ann.session.closed()
  await wait(200)
  t.same(calls, ['touch 2', 'leave 1'])
  t.equal(await stateOf('ann'), 'offline')
  t.equal(await stateOf('bob'), 'online')
})

t.test('presence sync: who comes and goes at once is not written', async (t) => {
  const { open, wait, calls } = createSync()
  const { session } = await open('ann')
  session.closed()
  await wait(1_000)
  t.same(calls, [])
})

t.test('presence sync: a device that reconnects stays online', async (t) => {
  const { open, wait, stateOf } = createSync()
  await open('ann')
  await wait(1_000)
  await open('ann')
  await wait(1_000)
  t.equal(await stateOf('ann'), 'online')
})

t.test('presence sync: every device is refreshed well before its presence ends', async (t) => {
  const { open, sweepFor, stateOf } = createSync()
  const users = Array.from({ length: 250 }, (_, i) => `user${String(i)}`)
  for (const user of users) await open(user)
  await sweepFor(2.5 * PRESENCE_TTL_SECONDS)
  const states = await Promise.all(users.map(stateOf))
  t.same([...new Set(states)], ['online'])
})

t.test('presence sync: when the store is away presence is missing for a while, and nothing else', async (t) => {
  const { open, wait, sweepFor, state, stateOf } = createSync()
  state.away = true
  const device = await open('ann')
  await wait(1_000)
  t.equal(await stateOf('ann'), 'offline')
  state.away = false
  await sweepFor(PRESENCE_TTL_SECONDS / 3 + 2)
  t.equal(await stateOf('ann'), 'online')
  t.equal(device.closedWith, undefined)
})
