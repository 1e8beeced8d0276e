import t from 'tap'
import { RookeryClient } from '../index.js'
import { ROOM, start } from './client-fixture.js'
import { FakeServer } from './fake-server.js'
import { ManualClock } from './manual-clock.js'
import { nextEvent } from './waiting.js'

t.test('client: three pings without an answer end the connection, and it comes back', async (t) => {
  const clock = new ManualClock()
  const { server, client } = await start(t, { clock, random: () => 0.5 })
  server.script = ({ frame }) => frame === 'ping'
  await client.connect()
  for (let i = 1; i <= 3; i++) {
    clock.advance(30_000)
    await server.until('a ping', () => server.newest.received('ping').length === i)
  }
  t.equal(client.state, 'online')
  clock.advance(30_000)
  t.equal(client.state, 'waiting')
  const online = nextEvent(client, 'state', (state) => state === 'online')
  clock.advance(20)
  await online
  t.equal(client.counters.reconnects, 1)
})

t.test('client: the wait before each attempt is random below a ceiling that doubles', async (t) => {
  const clock = new ManualClock()
  const server = await FakeServer.listen()
  await server.close()
  const client = new RookeryClient({ url: server.url, token: 'good', device: 'd1', clock, random: () => 0.5 })
  t.teardown(() => client.close())
  const connecting = client.connect()
  const waits: (number | undefined)[] = []
  for (let i = 0; i < 9; i++) {
    await nextEvent(client, 'state', (state) => state === 'waiting')
    waits.push(clock.waits[0])
    clock.advance(clock.waits[0] ?? 0)
  }
  t.same(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  await Promise.all([t.rejects(connecting, { code: 'closed' }), client.close()])
})

t.test('client: a node that drains is left when it closes, and the next one is dialled when it said', async (t) => {
  const clock = new ManualClock()
  const { server, client } = await start(t, { clock })
  await client.connect()
  const waiting = nextEvent(client, 'state', (state) => state === 'waiting')
  server.newest.send({ frame: 'reconnect', delay: 7_000 })
  server.newest.close('shutdown')
  await waiting
  t.ok(clock.waits.includes(7_000))
  const online = nextEvent(client, 'state', (state) => state === 'online')
  clock.advance(7_000)
  await online
  server.newest.send({ frame: 'reconnect', delay: 500 })
  await client.presence(['bob'])
  clock.advance(500)
  await nextEvent(client, 'state', (state) => state === 'online')
  t.equal(server.connections.length, 3, 'also when the node does not close in time')
})

t.test('client: a displaced device stays away, and what waited is rejected', async (t) => {
  const { server, client } = await start(t)
  server.script = ({ frame }) => frame === 'send'
  await client.connect()
  const sending = client.send(ROOM, { content: 'x' })
  await server.until('the send', () => server.newest.received('send').length === 1)
  const closed = nextEvent(client, 'closed')
  const rejected = t.rejects(sending, { code: 'displaced', temporary: false })
  server.newest.close('displaced')
  t.same(await closed, { code: 3503, name: 'displaced' })
  await rejected
  t.equal(client.state, 'closed')
  t.equal(server.connections.length, 1)
  server.script = () => false
  await client.connect()
  t.equal(client.state, 'online', 'connect begins again')
})

t.test('client: each connection asks for a token, an expired one is replaced, a refused one is the end', async (t) => {
  const tokens = ['first', 'second', 'bad']
  const { server, client } = await start(t, { token: () => Promise.resolve(tokens.shift() ?? 'none') })
  await client.connect()
  const online = nextEvent(client, 'state', (state) => state === 'online')
  server.newest.close('token-expired')
  await online
  t.same(
    server.connections.map((connection) => connection.received('connect')[0]?.token),
    ['first', 'second'],
  )
  const closed = nextEvent(client, 'closed')
  server.newest.cut()
  t.match(await closed, { name: 'unauthenticated' })
  const refused = new RookeryClient({ url: server.url, token: 'bad', device: 'd2' })
  await t.rejects(refused.connect(), { code: 'unauthenticated' })
})

t.test('client: a token callback that fails is an error event, and is asked again', async (t) => {
  let isFailing = true
  const token = () => {
    if (!isFailing) return 'good'
    isFailing = false
    throw new Error('no network')
  }
  const { client } = await start(t, { token })
  const error = nextEvent(client, 'error')
  await client.connect()
  t.match(await error, { code: 'token-failed', temporary: true })
})
