/** A4, A6, I1: one connection between socket and session: messages, writes, bounded buffers, closing and failures. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { CLOSE_CODES } from '../../protocol/close-codes.js'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import { LIMITS } from '../../protocol/limits.js'
import { OUTBOUND_BYTES } from '../gateway-connection.js'
import {
  clientFrame,
  closing,
  openClient,
  openGateway,
  RawClient,
  UPGRADE,
  within,
  type Client,
  type GatewayFixture,
} from './gateway-fixture.js'

const { json, msgpack } = SUBPROTOCOLS
const bytes = (text: string) => new TextEncoder().encode(text)

async function opened(test: Test, subprotocol: string = json): Promise<Client & GatewayFixture> {
  const fixture = await openGateway(test)
  return { ...fixture, ...(await openClient(test, fixture, subprotocol)) }
}

/** A client that stops reading after the upgrade, so that writes to it pile up. */
async function openDeaf(test: Test) {
  const fixture = await openGateway(test)
  const next = fixture.node.nextSession()
  const client = new RawClient(test, fixture.gateway.port).send(UPGRADE)
  const session = await within('the node gets a session', next)
  client.socket.pause()
  return { ...fixture, client, session }
}

t.test('connection: a message reaches the session whole, also when it comes in fragments', async (t) => {
  const fixture = await openGateway(t)
  const client = new RawClient(t, fixture.gateway.port).send(UPGRADE)
  const session = await within('the node gets a session', fixture.node.nextSession())
  const received = once(session.events, 'receive')
  client.send(clientFrame(1, bytes('{"frame":'), false), clientFrame(0, bytes('"ping"}')))
  await within('the message arrives', received)
  t.equal(session.received.join(), '{"frame":"ping"}')
  t.equal(fixture.counters.bytesIn, 16)
})

for (const [name, subprotocol, binary] of [
  ['text', json, false],
  ['binary', msgpack, true],
] as const) {
  t.test(`connection: all frames of one write leave as one ${name} message`, async (t) => {
    const { socket, session, counters } = await opened(t, subprotocol)
    const messages: [string, boolean][] = []
    socket.on('message', (data, isBinary) => messages.push([(data as Buffer).toString(), isBinary]))
    t.equal(session.connection.write([bytes('a\n'), bytes('bc\n'), bytes('d\n')]), true)
    t.equal(session.connection.write([bytes('e\n')]), true)
    t.equal(session.connection.write([]), true)
    session.connection.close(CLOSE_CODES.shutdown.code, 'shutdown')
    t.same(await closing(socket), { code: 3000, reason: 'shutdown' })
    t.same(messages, [
      ['a\nbc\nd\n', binary],
      ['e\n', binary],
    ])
    t.equal(counters.bytesOut, 9)
  })
}

t.test('connection: many writes of one turn are separate messages, in order', async (t) => {
  const { socket, session } = await opened(t)
  const messages: string[] = []
  socket.on('message', (data) => messages.push((data as Buffer).toString()))
  session.onReceive = () => {
    for (let i = 0; i < 1000; i++) session.connection.write([bytes(String(i))])
    session.connection.close(CLOSE_CODES.shutdown.code, '')
  }
  socket.send('go')
  await closing(socket)
  t.same(
    messages,
    Array.from({ length: 1000 }, (_, i) => String(i)),
  )
})

t.test('connection: who does not read costs a bounded buffer, and the session hears when it is empty', async (t) => {
  const { client, session, counters } = await openDeaf(t)
  const chunk = new Uint8Array(64 * 1024).fill(0x61)
  let written = 0
  while (session.connection.write([chunk])) written++
  t.ok(session.connection.buffered() > 0)
  t.ok(session.connection.buffered() <= OUTBOUND_BYTES, 'the buffer stays below its limit')
  t.equal(counters.outboxBytes, session.connection.buffered())
  t.equal(session.connection.write([chunk]), false)
  const drained = once(session.events, 'drained')
  let received = 0
  client.socket.on('data', (data: Buffer) => (received += data.length))
  client.socket.resume()
  await within('the buffer runs empty', drained)
  t.equal(session.connection.buffered(), 0)
  t.equal(counters.outboxBytes, 0)
  t.equal(session.connection.write([bytes('last')]), true)
  session.connection.close(CLOSE_CODES.shutdown.code, 'shutdown')
  await client.end()
  t.ok(received >= written * chunk.length, 'nothing that was taken is lost')
})

t.test('connection: one write larger than the limit passes into an empty buffer', async (t) => {
  const { socket, session } = await opened(t)
  const message = once(socket, 'message')
  t.equal(session.connection.write([new Uint8Array(3 * OUTBOUND_BYTES).fill(0x61)]), true)
  const [data] = (await within('the message arrives', message)) as [Buffer]
  t.equal(data.length, 3 * OUTBOUND_BYTES)
})

t.test('connection: closing a full buffer gives it back', async (t) => {
  const { client, session, counters, gateway } = await openDeaf(t)
  while (session.connection.write([new Uint8Array(64 * 1024)]));
  session.connection.close(CLOSE_CODES.unresponsive.code, 'unresponsive')
  t.equal(session.isClosed, true)
  t.equal(counters.outboxBytes, 0)
  t.equal(gateway.connections, 0)
  client.socket.destroy()
})

t.test('connection: a message over the limit closes with frame-too-large, one at the limit does not', async (t) => {
  const { socket, session } = await opened(t)
  const received = once(session.events, 'receive')
  socket.send('x'.repeat(LIMITS.inboundBytes))
  await within('the message arrives', received)
  socket.send('x'.repeat(LIMITS.inboundBytes + 1))
  t.match(await closing(socket), { code: CLOSE_CODES['frame-too-large'].code, reason: 'frame-too-large' })
  t.equal(session.received.length, 1)
})

t.test('connection: a far larger message is cut off, and only that connection', async (t) => {
  const fixture = await openGateway(t)
  const [big, other] = [await openClient(t, fixture), await openClient(t, fixture)]
  big.socket.send('x'.repeat(4 * LIMITS.inboundBytes))
  t.equal((await closing(big.socket)).code, 1006)
  t.equal(big.session.isClosed, true)
  const received = once(other.session.events, 'receive')
  other.socket.send('hello')
  await within('the other one is served', received)
})

t.test('connection: a message of the wrong kind closes with bad-frame', async (t) => {
  for (const [subprotocol, message] of [
    [json, Buffer.from('{}')],
    [msgpack, '{}'],
  ] as const) {
    const { socket, counters } = await opened(t, subprotocol)
    socket.send(message)
    t.match(await closing(socket), { code: CLOSE_CODES['bad-frame'].code })
    t.equal(counters.badFrames, 1)
  }
})

t.test('connection: text that is not UTF-8 ends only its own connection', async (t) => {
  const { gateway, node } = await openGateway(t)
  const client = new RawClient(t, gateway.port).send(UPGRADE)
  const session = await within('the node gets a session', node.nextSession())
  client.send(clientFrame(1, Uint8Array.from([0xff, 0xfe, 0xc0])))
  await client.end()
  t.equal(session.isClosed, true)
  t.equal(session.received.length, 0)
})

t.test('connection: nothing is called after closed, and a closed connection takes nothing', async (t) => {
  const { socket, session } = await opened(t)
  session.onReceive = () => session.connection.close(CLOSE_CODES.disconnected.code, 'disconnected')
  for (let i = 0; i < 10; i++) socket.send('again')
  socket.ping()
  t.match(await closing(socket), { code: 3006 })
  t.equal(session.received.length, 1)
  t.equal(session.late, 0)
  t.equal(session.connection.write([bytes('x')]), false)
  t.equal(session.connection.buffered(), 0)
  session.connection.close(3000, '')
})

t.test('connection: a session that closes while it is opened is told so', async (t) => {
  const fixture = await openGateway(t)
  fixture.node.onOpen = ({ connection }) => connection.close(CLOSE_CODES.unauthenticated.code, 'unauthenticated')
  const { socket, session } = await openClient(t, fixture)
  if (socket.readyState !== socket.CLOSED) await closing(socket)
  t.equal(session.isClosed, true)
  t.equal(fixture.gateway.connections, 0)
})

t.test('connection: a session that throws is closed with internal, and the gateway goes on', async (t) => {
  const { socket, session, ...fixture } = await opened(t)
  session.onReceive = () => {
    throw new Error('scripted')
  }
  socket.send('x')
  t.match(await closing(socket), { code: CLOSE_CODES.internal.code })
  t.equal(session.isClosed, true)
  fixture.node.onOpen = () => {
    throw new Error('scripted')
  }
  const broken = new RawClient(t, fixture.gateway.port).send(UPGRADE)
  t.match(await broken.end(), /101 Switching/)
  fixture.node.onOpen = () => {}
  await openClient(t, fixture)
  t.equal(fixture.gateway.connections, 1)
})
