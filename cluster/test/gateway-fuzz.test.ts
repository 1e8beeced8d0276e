/** I1: random messages and bodies at the public port; afterwards it serves as before, and memory is flat. */
import { once } from 'node:events'
import fc from 'fast-check'
import t from 'tap'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import type { Command } from '../../protocol/frames.js'
import { clientFrame, openClient, RawClient, UPGRADE, within } from './gateway-fixture.js'
import { KEY, openApi, type ApiFixture } from './http-fixture.js'

const MESSAGES = 20_000
const BODIES = 2_000
const PER_CONNECTION = 500

const binary = fc.uint8Array({ maxLength: 200 })
const jsonText = fc.json({ maxDepth: 6 })
const frameLike = fc
  .record({
    frame: fc.constantFrom('connect', 'send', 'resume', 'history', 'x'),
    ref: fc.anything(),
    id: fc.anything(),
  })
  .map((value) => JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)))
const message = fc.oneof(binary, fc.string({ unit: 'grapheme' }), jsonText, frameLike)

/** A session that decodes like a real one. */
function decodeEverything({ node }: ApiFixture): { commands: Command[]; faults: number } {
  const seen = { commands: [] as Command[], faults: 0 }
  node.onOpen = (session) => {
    const sink = {
      command: (command: Command) => void seen.commands.push(command),
      fault: () => void seen.faults++,
    }
    session.onReceive = (data) => {
      session.received.length = 0
      session.codec.decodeCommands(data, sink)
    }
  }
  return seen
}

t.test('gateway: 20,000 random WebSocket messages leave it healthy and flat in memory', async (t) => {
  const fixture = await openApi(t)
  const seen = decodeEverything(fixture)
  const round = async (subprotocol: string, messages: (string | Uint8Array)[]) => {
    const { socket, session } = await openClient(t, fixture, subprotocol)
    const closed = once(session.events, 'closed')
    for (const one of messages) socket.send(subprotocol === SUBPROTOCOLS.json ? String(one) : Buffer.from(one))
    socket.close()
    await within('the connection ends', closed)
    fixture.node.sessions.length = 0
  }
  const sampled = fc.sample(message, { numRuns: MESSAGES, seed: 7 })
  let heap = 0
  for (let i = 0; i < MESSAGES; i += PER_CONNECTION) {
    const subprotocol = (i / PER_CONNECTION) % 2 === 0 ? SUBPROTOCOLS.json : SUBPROTOCOLS.msgpack
    await round(subprotocol, sampled.slice(i, i + PER_CONNECTION))
    seen.commands.length = 0
    if (i === MESSAGES / 2) heap = process.memoryUsage().heapUsed
  }
  t.ok(seen.faults > MESSAGES / 2)
  t.ok(process.memoryUsage().heapUsed < heap + 64 * 1024 * 1024)
  t.equal(fixture.gateway.connections, 0)
  await openClient(t, fixture)
})

t.test('gateway: random WebSocket frames and random HTTP end only their own connection', async (t) => {
  const fixture = await openApi(t)
  decodeEverything(fixture)
  const opcodes = fc.record({ opcode: fc.nat({ max: 15 }), payload: binary, fin: fc.boolean() })
  for (const frames of fc.sample(fc.array(opcodes, { minLength: 1, maxLength: 8 }), { numRuns: 300, seed: 7 })) {
    const client = new RawClient(t, fixture.gateway.port).send(UPGRADE)
    client.send(...frames.map(({ opcode, payload, fin }) => clientFrame(opcode, payload, fin)))
    client.socket.end()
    await client.end()
  }
  for (const garbage of fc.sample(
    fc.array(fc.oneof(binary, fc.constant(Buffer.from('\r\n'))), { minLength: 1 }),
    200,
  )) {
    const client = new RawClient(t, fixture.gateway.port).send('GET /', ...garbage)
    client.socket.end()
    await client.end()
  }
  t.equal(fixture.gateway.connections, 0)
  await openClient(t, fixture)
})

t.test('http api: random bodies, paths and queries get documented errors', async (t) => {
  const fixture = await openApi(t)
  const requests = fc.record({
    path: fc.constantFrom('/publish', '/conversations', '/presence', '/disconnect', '/conversations/g:x/join'),
    body: fc.oneof(fc.string(), jsonText, frameLike),
  })
  for (const { path, body } of fc.sample(requests, { numRuns: BODIES, seed: 7 })) {
    const { status, body: answer } = await fixture.call('POST', path, body)
    if (status !== 200) t.match(answer, { error: { name: /./, code: Number } }, { silent: true })
    if (status >= 500) t.fail(`${path} answered ${status} to ${body}`)
  }
  for (const query of fc.sample(fc.webQueryParameters(), { numRuns: 200, seed: 7 })) {
    const { status } = await fixture.call('GET', `/conversations?${query}`)
    if (status !== 400) t.fail(`${query} answered ${status}`)
  }
  t.equal((await fixture.call('GET', '/stats', undefined, { Authorization: `Bearer ${KEY}` })).status, 200)
})
