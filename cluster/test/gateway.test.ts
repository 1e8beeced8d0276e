/** A1, A3, A4: who gets a connection, and what the public port says to the others. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import { freePort } from '../embedded/free-port.js'
import { closing, openClient, openGateway, RawClient, refusedUpgrade, UPGRADE, within } from './gateway-fixture.js'

const BOTH = Object.values(SUBPROTOCOLS)

t.test('gateway: both subprotocols are spoken, the first known one offered is chosen', async (t) => {
  const fixture = await openGateway(t)
  for (const subprotocol of BOTH) {
    const { socket, session } = await openClient(t, fixture, subprotocol)
    t.equal(socket.protocol, subprotocol)
    t.equal(SUBPROTOCOLS[session.codec.name], subprotocol)
  }
  const several = new RawClient(t, fixture.gateway.port)
  several.send(UPGRADE.replace(SUBPROTOCOLS.json, `chat, ${SUBPROTOCOLS.msgpack}, ${SUBPROTOCOLS.json}`))
  t.match(await several.until(/\r\n\r\n/), new RegExp(`101 .*Protocol: ${SUBPROTOCOLS.msgpack}\r\n`, 's'))
})

t.test('gateway: an unknown or missing subprotocol is answered 400 with the names', async (t) => {
  const { gateway, counters } = await openGateway(t)
  for (const offered of [[], ['chat'], ['rookery.json.v2']]) {
    const { status, text } = await refusedUpgrade(gateway, offered)
    t.equal(status, 400)
    for (const name of BOTH) t.ok(text.includes(name))
  }
  t.match(counters, { connections: 0, connectsAccepted: 0, connectsRefused: 3 })
})

t.test('gateway: a page of another origin is refused, a listed page and no page are not', async (t) => {
  const fixture = await openGateway(t, { origins: ['https://chat.example'] })
  const refused = await refusedUpgrade(fixture.gateway, BOTH, { Origin: 'https://evil.example' })
  t.equal(refused.status, 403)
  await openClient(t, fixture)
  const page = new RawClient(t, fixture.gateway.port)
  page.send(UPGRADE.replace('Host:', 'Origin: https://chat.example\r\nHost:'))
  t.match(await page.until(/\r\n\r\n/), /^HTTP\/1.1 101 /)
})

t.test('gateway: over its cap it answers 503 with Retry-After, and takes again when somebody left', async (t) => {
  const fixture = await openGateway(t, { maxConnections: 2 })
  const { socket, session } = await openClient(t, fixture)
  await openClient(t, fixture)
  t.match(await refusedUpgrade(fixture.gateway, BOTH), { status: 503, retryAfter: /^\d+$/ })
  const closed = once(session.events, 'closed')
  socket.close()
  await within('the session is told', closed)
  await openClient(t, fixture)
  t.equal(fixture.gateway.connections, 2)
  t.match(fixture.counters, { connections: 2, connectsAccepted: 3, connectsRefused: 1 })
})

t.test('gateway: an address that connects too often is answered 429 with Retry-After', async (t) => {
  const fixture = await openGateway(t, { connectRate: { perSecond: 0.001, burst: 2 } })
  await openClient(t, fixture)
  await openClient(t, fixture)
  t.match(await refusedUpgrade(fixture.gateway, BOTH), { status: 429, retryAfter: '1000' })
})

t.test('gateway: what is not an upgrade gets an HTTP answer', async (t) => {
  const { gateway } = await openGateway(t)
  const base = `http://127.0.0.1:${gateway.port}`
  t.equal((await fetch(`${base}/ws`)).status, 426)
  t.equal((await fetch(`${base}/`)).status, 404)
  t.equal((await fetch(`${base}/metrics`)).status, 404, 'metrics are not on the public port')
  const garbage = new RawClient(t, gateway.port).send(Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]))
  t.match(await garbage.end(), /^HTTP\/1.1 505 /)
})

t.test('gateway: a port in use by another program is an error that names the port', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const shared of [false, true]) {
    await t.rejects(openGateway(t, { port, shared }), { code: 'port-taken', port, message: new RegExp(String(port)) })
  }
})

t.test('gateway: workers share a port, a lone gateway does not', async (t) => {
  const port = await freePort()
  const first = await openGateway(t, { port, shared: true })
  const second = await openGateway(t, { port, shared: true })
  t.equal(first.gateway.port, second.gateway.port)
  await t.rejects(openGateway(t, { port }), { code: 'port-taken', port })
})

t.test('gateway: after stopListening the connections stay and no new ones come', async (t) => {
  const fixture = await openGateway(t)
  const { socket, session } = await openClient(t, fixture)
  fixture.gateway.stopListening()
  fixture.gateway.stopListening()
  t.match(await new RawClient(t, fixture.gateway.port).send(UPGRADE).end(), '')
  const received = once(session.events, 'receive')
  socket.send('still here')
  await within('the message arrives', received)
})

t.test('gateway: close cuts every connection and tells every session', async (t) => {
  const fixture = await openGateway(t)
  const clients = [await openClient(t, fixture), await openClient(t, fixture)]
  const ends = clients.map(({ socket }) => closing(socket))
  await fixture.gateway.close()
  await Promise.all(ends)
  t.ok(clients.every(({ session }) => session.isClosed))
  t.equal(fixture.gateway.connections, 0)
  t.equal(fixture.counters.connections, 0)
})

t.test('gateway: who sends nothing is pinged and lives by the pong, who is silent is cut', async (t) => {
  const fixture = await openGateway(t, { idleSeconds: 8 })
  const answering = await openClient(t, fixture)
  const ponged = once(answering.session.events, 'alive')
  const silent = new RawClient(t, fixture.gateway.port).send(UPGRADE)
  await silent.until(/\r\n\r\n/)
  const session = await within('the silent client has a session', Promise.resolve(fixture.node.sessions[1]))
  await Promise.all([
    new Promise((resolve) => session?.events.once('closed', resolve)),
    within('the client answers a ping', ponged),
  ])
  t.equal(answering.session.isClosed, false)
  t.equal(answering.socket.readyState, answering.socket.OPEN)
})
