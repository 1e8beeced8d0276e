/**
 * Bad input of every kind at the doors of a real node, over real sockets: each gets the documented error or close code, and the
 * node goes on as before, also after 100,000 broken frames.
 */
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { v7 } from 'uuid'
import { WebSocket } from 'ws'
import { CLOSE_CODES, type CloseName } from '../../protocol/close-codes.js'
import type { CodecName } from '../../protocol/codec.js'
import { REPLY_ERRORS, type ReplyErrorName } from '../../protocol/errors.js'
import { directConversation } from '../../protocol/client/index.js'
import { LIMITS } from '../../protocol/limits.js'
import { issueToken, secretBytes } from '../token.js'
import { proxyHeader, RawClient as RawSocket, UPGRADE } from './gateway-fixture.js'
import { mutations } from './process-mutations.js'
import { SECRET } from './process-person.js'
import { RawClient } from './process-raw.js'
import { until } from './process-until.js'
import { API_KEY, ProcessWorld } from './process-world.js'

const FUZZ_FRAMES = 100_000
/** What 80,000 broken frames may add to the memory of a node that has seen 20,000. */
const GROWTH_BYTES = 64 * 1024 * 1024

const world = await ProcessWorld.start(1, { ROOKERY_CONNECT_SECONDS: '2' })
t.teardown(() => world.stop())
const node = world.node(0)

const ann = await world.person('ann', node)
const theirs = `g:${v7()}`
await ann.client.create(theirs, {})

const send = { frame: 'send', conversation: 'd:ann:mallory', type: 'text', content: 'x' }
const history = { frame: 'history', conversation: 'd:ann:mallory', direction: 'before', seq: 0, limit: 10, types: [] }
const many = (count: number) => Array.from({ length: count }, (_, i) => `u${String(i)}`)
const positions = (count: number) => many(count).map((name) => ({ conversation: `r:${name}`, epoch: 0, seq: 0 }))
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
/** A UUIDv7 of the year 2100. */
const future = `03bb2cc3-d800-7${v7().slice(15)}`

/** Each a JSON frame and the error it gets. The conversation with ann may be written, everything else is wrong with it. */
const WRONG: readonly [string, ReplyErrorName, object][] = [
  ['no fields', 'bad-frame', { frame: 'send' }],
  ['a key that does not belong', 'bad-frame', { ...send, colour: 'red' }],
  ['a prototype as a key', 'bad-frame', JSON.parse('{"frame":"send","__proto__":{"ref":1}}') as object],
  ['a number where text belongs', 'bad-frame', { ...send, content: 7 }],
  ['no frame of that name', 'unknown-frame', { frame: 'frobnicate' }],
  ['a frame of the server', 'unknown-frame', { frame: 'welcome' }],
  ['a second connect', 'already-connected', { frame: 'connect', token: 'x', device: 'y', client: '' }],
  ['a path as an id', 'bad-id', { ...send, conversation: 'd:../../etc:passwd' }],
  ['SQL as an id', 'bad-id', { ...send, conversation: "g:' OR 1=1 --" }],
  ['a NATS wildcard as an id', 'bad-id', { ...send, conversation: 'r:a.*.>' }],
  ['NUL in an id', 'bad-id', { ...send, conversation: 'r:a\u0000b' }],
  ['a long id', 'bad-id', { ...send, conversation: `r:${'a'.repeat(65)}` }],
  ['users in the wrong order', 'bad-id', { ...send, conversation: 'd:mallory:ann' }],
  ['a message id of version 4', 'bad-id', { ...send, id: '9b2f8a1e-5c3d-4e7f-8a9b-0c1d2e3f4a5b' }],
  ['writing to u:', 'bad-id', { ...send, conversation: 'u:ann' }],
  ['a type of the server', 'unknown-type', { ...send, type: 'system' }],
  ['no such type', 'unknown-type', { ...send, type: 'constructor' }],
  ['content over the limit', 'too-large', { ...send, content: 'x'.repeat(LIMITS.contentBytes + 1) }],
  ['extra over the limit', 'too-large', { ...send, extra: { a: 'x'.repeat(LIMITS.extraBytes) } }],
  ['extra too deep', 'too-large', { ...send, extra: JSON.parse(nested(LIMITS.extraDepth + 1)) as object }],
  ['too many users', 'too-large', { frame: 'presence', users: many(LIMITS.users + 1) }],
  ['too many positions', 'too-large', { frame: 'resume', positions: positions(LIMITS.positions + 1), limit: 1 }],
  ['a page too long', 'bad-page', { ...history, limit: LIMITS.pageEntries + 1 }],
  ['a page of nothing', 'bad-page', { ...history, limit: 0 }],
  ['a negative seq', 'bad-frame', { ...history, seq: -1 }],
  ['a seq beyond integers', 'bad-frame', { ...history, seq: 2 ** 53 }],
  ['half a seq', 'bad-frame', { ...history, seq: 1.5 }],
  ['no such conversation', 'no-such-conversation', { ...send, conversation: `g:${v7()}` }],
  ['history of no conversation', 'no-such-conversation', { ...history, conversation: 'r:nowhere' }],
  ['a conversation of others', 'not-participant', { ...send, conversation: 'd:ann:bob' }],
  ['history of others', 'not-participant', { ...history, conversation: theirs }],
  ['the list of another user', 'not-participant', { ...history, conversation: 'u:ann' }],
  ['joining what is closed', 'not-allowed', { frame: 'join', conversation: theirs }],
  ['participants of others', 'not-participant', { frame: 'participants', conversation: theirs, cursor: '', limit: 9 }],
  ['an id of the future', 'id-conflict', { ...send, id: future }],
  ['a predecessor that never came', 'out-of-order', { ...send, id: v7(), after: v7() }],
]

t.test('bad input: each wrong command gets its documented error and costs only itself', async (t) => {
  const mallory = await RawClient.as('mallory', node.url)
  let text = ''
  mallory.socket.on('message', (data: Buffer) => (text += data.toString()))
  for (const [i, [what, name, frame]] of WRONG.entries()) {
    mallory.json({ ...frame, ref: 100 + i })
    await mallory.reply(100 + i)
    t.match(text, `"ref":${String(100 + i)},"error":"${name}","code":${String(REPLY_ERRORS[name].code)}`, what)
    text = ''
  }
  t.equal(mallory.closed, null)
  mallory.json({ ...send, ref: 2 })
  t.equal((await mallory.reply(2)).frame, 'sent', 'and it may still send')
  mallory.stop()
})

t.test('bad input: JSON that is none, or too deep, or too much, gets an error', async (t) => {
  const mallory = await RawClient.as('mallory', node.url)
  for (const text of ['nonsense', '[]', '"x"', 'null', `{"frame":"ping","ref":${'9'.repeat(400)}}`]) {
    mallory.frames = []
    mallory.send(text)
    t.match(await mallory.error(), { error: 'bad-frame' }, text.slice(0, 20))
  }
  for (const bomb of [nested(40_000), '['.repeat(200_000)]) {
    mallory.frames = []
    mallory.send(bomb)
    t.match(await mallory.error(), { error: 'too-large' })
  }
  mallory.frames = []
  mallory.send('{"frame":"ping","ref":3}\n'.repeat(LIMITS.inboundFrames + 1))
  t.equal((await mallory.error()).error, 'too-large', 'too many frames in one message')
  mallory.stop()
})

/** What ends a connection: the bytes, in which subprotocol, and the close code. */
const FATAL: readonly [string, CodecName, CloseName, Uint8Array | string][] = [
  ['JSON where msgpack was agreed', 'msgpack', 'bad-frame', JSON.stringify(send)],
  ['a msgpack map', 'msgpack', 'bad-frame', Buffer.from([0x81, 0x01, 0x02])],
  ['a cut msgpack frame', 'msgpack', 'bad-frame', Buffer.from([0x92, 0x02])],
  ['a msgpack array of 4 billion', 'msgpack', 'bad-frame', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 0x02])],
  ['a msgpack text of 4 GiB', 'msgpack', 'bad-frame', Buffer.from([0x92, 0x02, 0xdb, 0xff, 0xff, 0xff, 0xff])],
  ['100,000 nested msgpack arrays', 'msgpack', 'bad-frame', Buffer.alloc(100_000, 0x91)],
  ['a message over the limit', 'json', 'frame-too-large', `${' '.repeat(LIMITS.inboundBytes)} `],
  ['a msgpack message over the limit', 'msgpack', 'frame-too-large', Buffer.alloc(LIMITS.inboundBytes + 1, 0xc0)],
]

t.test('bad input: what cannot be told apart into frames ends the connection', async (t) => {
  for (const [what, codec, name, bytes] of FATAL) {
    const mallory = await RawClient.as('mallory', node.url, codec)
    mallory.socket.send(bytes, { binary: what.startsWith('JSON') ? true : codec === 'msgpack' })
    t.equal(await mallory.end(), CLOSE_CODES[name].code, what)
  }
  const mixed = await RawClient.as('mallory', node.url)
  mixed.socket.send(Buffer.from(JSON.stringify(send)), { binary: true })
  t.equal(await mixed.end(), CLOSE_CODES['bad-frame'].code, 'binary where text was agreed')
  const garbled = await RawClient.as('mallory', node.url)
  garbled.send(Buffer.from([0xff, 0xfe, 0x7b]))
  t.ok([1006, 1007].includes(await garbled.end()), 'text that is no UTF-8 breaks the WebSocket itself')
  const cut = await RawClient.as('mallory', node.url)
  cut.send(' '.repeat(4 * LIMITS.inboundBytes))
  t.ok([1006, 1009].includes(await cut.end()), 'far beyond the limit it is cut')
})

const unsigned = (claims: object): string =>
  `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

t.test('bad input: a token that is not good closes the connection as unauthenticated', async (t) => {
  const exp = Math.floor(Date.now() / 1000) + 600
  const other = 'another secret that is also longer than 32 bytes'
  const signed = (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secretBytes(SECRET))
  const good = await issueToken({ secret: SECRET, user: 'ann', seconds: 60 })
  const tokens: [string, string][] = [
    ['alg none', unsigned({ sub: 'ann', exp })],
    ['the signature of another token', `${unsigned({ sub: 'root', exp })}${good.split('.')[2] ?? ''}`],
    ['another key', await issueToken({ secret: other, user: 'ann', seconds: 60 })],
    ['expired', await issueToken({ secret: SECRET, user: 'ann', seconds: -60 })],
    ['not valid yet', await signed({ sub: 'ann', exp, nbf: exp - 10 })],
    ['no expiry', await signed({ sub: 'ann' })],
    ['no user', await signed({ exp })],
    ['a user that is no id', await signed({ sub: 'ann; DROP TABLE', exp })],
    ['a changed user', good.replace(/\.[^.]*\./, `.${unsigned({ sub: 'root', exp }).split('.')[1] ?? ''}.`)],
    ['nonsense', 'nonsense'],
    ['nothing', ''],
  ]
  for (const [what, token] of tokens) {
    const mallory = await RawClient.open(node.url)
    mallory.json({ frame: 'connect', ref: 1, token, device: 'x', client: '' })
    t.equal(await mallory.end(), CLOSE_CODES.unauthenticated.code, what)
    t.notOk(mallory.frames.some(({ frame }) => frame === 'welcome'))
  }
})

t.test('bad input: without a connect frame nothing is done, and after a while the connection ends', async (t) => {
  const silent = await RawClient.open(node.url)
  silent.json({ ...send, ref: 5 })
  t.equal((await silent.error(5)).error, 'not-connected')
  t.equal(await silent.end(), CLOSE_CODES['connect-timeout'].code)
})

t.test('bad input: an upgrade without a known subprotocol is refused', async (t) => {
  for (const subprotocol of [[], ['mqtt'], ['rookery.json.v9']]) {
    const socket = new WebSocket(node.url, subprotocol)
    const status = await new Promise((resolve) => {
      socket.on('error', () => undefined)
      socket.on('unexpected-response', (request, response) => {
        request.destroy()
        resolve(response.statusCode)
      })
    })
    t.equal(status, 400, subprotocol.join())
  }
})

t.test('bad input: a PROXY header from somebody who is not a trusted balancer is refused and logged', async (t) => {
  const forger = new RawSocket(t, node.port).send(proxyHeader([6, 6, 6, 6]), UPGRADE)
  t.match(await forger.until(/\r\n\r\n/), /^HTTP\/1\.1 400 /)
  const warning = /"level":"warn".*"a PROXY header from a peer that is not trusted"/
  await until('the log says so', () => node.lines.some((line) => warning.test(line)))
})

t.test('bad input: the HTTP API answers what is wrong by name', async (t) => {
  const at = `http://127.0.0.1:${String(node.port)}/api/v1`
  const authorized = { Authorization: `Bearer ${API_KEY}` }
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${at}${path}`, { headers: authorized, ...init })
    return [response.status, ((await response.json()) as { error: { name: string } }).error.name]
  }
  const publish = (body: string) => ask('/publish', { method: 'POST', body })
  t.strictSame(await ask('/stats', { headers: {} }), [401, 'unauthorized'])
  t.strictSame(await ask('/nowhere'), [404, 'no-such-route'])
  t.strictSame(await publish('{'), [400, 'bad-frame'])
  t.strictSame(await publish(nested(20_000)), [413, 'too-large'])
  t.strictSame(await publish('x'.repeat(1_000_000)), [413, 'too-large'])
  t.strictSame(await publish(JSON.stringify({ conversation: 'd:b:a', sender: 'a', content: 'x' })), [400, 'bad-id'])
  t.strictSame(await ask(`/conversations/${theirs}/messages?limit=1000`), [400, 'bad-page'])
  t.strictSame(await ask(`/conversations/g:${v7()}/messages`), [404, 'no-such-conversation'])
})

t.test('bad input: 100,000 broken frames leave the node healthy and its memory flat', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.comment(`seed ${String(seed)}`)
  await fuzz(seed, FUZZ_FRAMES / 5)
  const before = memoryOf(node.pid)
  await fuzz(seed + 1, (FUZZ_FRAMES / 5) * 4)
  await until(`memory is at most 64 MiB above ${String(before)}`, () => memoryOf(node.pid) < before + GROWTH_BYTES)
  t.comment(`${String(before >> 20)} MiB after 20,000 frames, ${String(memoryOf(node.pid) >> 20)} after 100,000`)
  await serves(t)
  t.notMatch(node.lines.join('\n'), /an actor failed|failed in its socket handler/, 'no failure of ours')
})

/** Sends mutated frames over four connections at a time, both subprotocols, and opens a new one for each that was closed. */
async function fuzz(seed: number, frames: number): Promise<void> {
  const codecs: readonly CodecName[] = ['json', 'msgpack', 'json', 'msgpack']
  await Promise.all(
    codecs.map((codec, i) => fuzzOne(codec, mutations(seed + i * 1_000, codec), frames / codecs.length, i)),
  )
}

const BATCH = 250

async function fuzzOne(codec: CodecName, frames: Iterator<Uint8Array>, count: number, lane: number): Promise<void> {
  let client: RawClient | null = null
  for (let sent = 0; sent < count; sent++) {
    if (client === null || client.closed !== null)
      client = await RawClient.as(`fuzz${String(lane)}`, node.url, codec, `device${String(sent)}`)
    client.send(frames.next().value as Uint8Array)
    if (sent % BATCH > 0 && sent < count - 1) continue
    await client.handled(1_000_000 + sent)
    client.frames = []
  }
  client?.stop()
}

function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

async function serves(t: Test): Promise<void> {
  const bob = await world.person('bob', node)
  const conversation = directConversation('ann', 'bob')
  const { seq } = await ann.client.send(conversation, { content: 'still here?' })
  await bob.has(conversation, seq)
  t.ok(bob.texts(conversation).includes('still here?'), 'people chat as before')
  t.equal((await node.status()).state, 'serving')
}
