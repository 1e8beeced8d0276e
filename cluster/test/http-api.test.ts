/** G1, I1, I2, I3: what the HTTP API makes of requests, good and bad. */
import t, { type Test } from 'tap'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import { decodeBody, encodeWholeEntry } from '../../protocol/entry-codec.js'
import { REPLY_ERRORS, type ReplyErrorName } from '../../protocol/errors.js'
import { parseMessageId } from '../../protocol/ids.js'
import { proxyHeader, RawClient } from './gateway-fixture.js'
import { KEY, openApi, type ApiAnswer } from './http-fixture.js'

const GROUP = 'g:0199a2c4-5d1e-7a3b-8c4d-1e2f3a4b5c6d'
const ID = '0199a2c4-6f00-7123-9abc-0123456789ab'
const SYSTEM = { user: 'system', device: 'api', system: true }
const PLACE = { epoch: 1, seq: 7, time: 1_764_000_000_000 }
const PUBLISH = { conversation: GROUP, sender: 'alice', content: 'hello' }

function isError(test: Test, { status, body }: ApiAnswer, expected: number, name: string, code: number) {
  test.equal(status, expected, name)
  test.match(body, { error: { name, code, detail: /./ } })
}

t.test('http api: publish sends the message as its sender and answers its place', async (t) => {
  const { call, node } = await openApi(t)
  const full = { ...PUBLISH, id: ID, type: 'system', extra: { replyTo: 3 }, priority: 7, ttl: 60 }
  t.match(await call('POST', '/publish', full), { status: 200, body: { id: ID, ...PLACE } })
  const [asked] = node.asked
  t.same(asked?.caller, { user: 'alice', device: 'api', system: true })
  const command = asked?.command
  if (command?.frame !== 'send') throw new Error('publish did not become a send')
  t.match(command, { conversation: GROUP, id: parseMessageId(ID), type: MESSAGE_TYPE.system, after: null })
  const { content, ...body } = decodeBody(command.body)
  t.equal(Buffer.from(content).toString(), 'hello')
  t.match(body, { id: parseMessageId(ID), type: 6, extra: '{"replyTo":3}', priority: 7, ttl: 60 })
})

t.test('http api: publish makes an id when there is none, and takes bytes as base64', async (t) => {
  const { call, node } = await openApi(t)
  const { body } = await call('POST', '/publish', { ...PUBLISH, content: undefined, contentBase64: 'AP8=' })
  const { id } = body as { id: string }
  t.not(parseMessageId(id), undefined)
  const [asked] = node.asked
  if (asked?.command.frame !== 'send') throw new Error('publish did not become a send')
  t.same([...decodeBody(asked.command.body).content], [0, 255])
})

t.test('http api: changes become commands of the named author, else of the system', async (t) => {
  const { call, node } = await openApi(t)
  const path = `/conversations/${encodeURIComponent(GROUP)}`
  const cases: [string, object, object, string][] = [
    [`${path}/join`, { user: 'dave' }, { frame: 'join' }, 'dave'],
    [`${path}/leave`, { user: 'dave' }, { frame: 'leave' }, 'dave'],
    [`${path}/add`, { users: ['dave'] }, { frame: 'add', users: ['dave'] }, 'system'],
    [`${path}/remove`, { users: ['dave'], by: 'alice' }, { frame: 'remove', users: ['dave'] }, 'alice'],
    [`${path}/role`, { user: 'bob', role: 'admin' }, { frame: 'role', user: 'bob', role: 'admin' }, 'system'],
    [`${path}/rename`, { title: 'Dinner', by: 'alice' }, { frame: 'rename', title: 'Dinner' }, 'alice'],
    ['/conversations', { conversation: GROUP, owner: 'alice' }, { frame: 'create', open: false, users: [] }, 'alice'],
  ]
  for (const [route, body, command, user] of cases) {
    t.match(await call('POST', route, body), { status: 200, body: { conversation: GROUP, ...PLACE } }, route)
    t.match(node.asked.pop(), { caller: { ...SYSTEM, user }, command: { ...command, conversation: GROUP } })
  }
  const made = await call('POST', '/conversations', { owner: 'alice', title: 'Lunch', users: ['bob'] })
  t.match(made.body, { conversation: /^g:[0-9a-f-]{36}$/ })
})

t.test('http api: lists and presence are answered as the JSON subprotocol writes them', async (t) => {
  const { call, node } = await openApi(t)
  const conversations = { items: [{ conversation: GROUP, since: 1, epoch: 1 }], more: true, epoch: 1, seq: 4 }
  node.reply = () => ({ frame: 'conversationList', ref: 9, ...conversations })
  const list = await call('GET', '/conversations?user=alice&limit=1')
  t.same([list.status, list.body], [200, conversations])
  t.match(node.asked.pop(), { caller: { user: 'alice' }, command: { frame: 'conversations', cursor: '', limit: 1 } })

  const participants = {
    title: '',
    items: [{ user: 'alice', role: 'owner' as const, delivered: 2, read: 1 }],
    more: false,
  }
  node.reply = () => ({ frame: 'participantList', ref: 9, ...participants })
  t.same((await call('GET', `/conversations/${GROUP}/participants?cursor=aaron`)).body, participants)
  t.match(node.asked.pop(), { caller: SYSTEM, command: { conversation: GROUP, cursor: 'aaron', limit: 100 } })

  const presence = { items: [{ user: 'alice', state: 'online' as const, lastSeen: 5 }] }
  node.reply = () => ({ frame: 'presenceList', ref: 9, ...presence })
  t.same((await call('POST', '/presence', { users: ['alice'] })).body, presence)
})

t.test('http api: a page is asked for by before, after or around, and holds readable entries', async (t) => {
  const { call, node } = await openApi(t)
  const entry = encodeWholeEntry({
    ...{ version: 1, kind: 1, conversation: GROUP, seq: 7, ordinal: 5, time: 9, sender: 'alice', device: 'phone' },
    ...{ id: parseMessageId(ID) ?? '', type: 1, content: Buffer.from('hello'), extra: '{"a":1}', priority: 0, ttl: 0 },
  })
  const page = { conversation: GROUP, epoch: 1, head: 7, recovered: true, more: false }
  node.reply = () => ({ frame: 'page', ref: 9, ...page, items: [{ prev: 6, entry }] })
  const path = `/conversations/${GROUP}/messages`
  const { body } = await call('GET', path)
  t.match(body, { ...page, items: [{ prev: 6, entry: { id: ID, type: 'text', content: 'hello', extra: { a: 1 } } }] })
  t.match(node.asked.pop()?.command, { frame: 'history', direction: 'before', seq: 0, limit: 50, types: [] })
  await call('GET', `${path}?after=5&limit=200&types=text,file`)
  t.match(node.asked.pop()?.command, { direction: 'after', seq: 5, limit: 200, types: [1, 5] })
  await call('GET', `${path}?around=5`)
  t.match(node.asked.pop()?.command, { direction: 'around', seq: 5 })
})

t.test('http api: disconnect is passed on for a device or for all, stats tell state and counts', async (t) => {
  const { call, node } = await openApi(t)
  t.match(await call('POST', '/disconnect', { user: 'alice' }), { status: 200, body: {} })
  await call('POST', '/disconnect', { user: 'alice', device: 'phone' })
  t.same(node.disconnected, [
    { user: 'alice', device: null, close: 'disconnected' },
    { user: 'alice', device: 'phone', close: 'disconnected' },
  ])
  t.match((await call('GET', '/stats')).body, { node: 'node-1', state: 'serving', counters: { connections: 0 } })
})

t.test('http api: every reply error has its number and a fitting status', async (t) => {
  const { call, node } = await openApi(t)
  for (const [name, { code, temporary }] of Object.entries(REPLY_ERRORS)) {
    const error = name as ReplyErrorName
    node.reply = () => ({ frame: 'error', ref: 0, error, detail: 'why', retry: temporary ? 1500 : 0 })
    const answer = await call('POST', '/publish', PUBLISH)
    isError(t, answer, answer.status, name, code)
    t.ok(answer.status >= 400 && answer.status < 600)
    t.equal(answer.headers.get('retry-after'), temporary ? '2' : null)
  }
})

t.test('http api: without a known key nothing is done', async (t) => {
  const { call, node } = await openApi(t)
  for (const headers of [{}, { Authorization: `Bearer ${KEY}x` }, { Authorization: KEY }] as Record<string, string>[]) {
    const answer = await call('POST', '/publish', PUBLISH, headers)
    isError(t, answer, 401, 'unauthorized', 202)
    t.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
  t.equal((await call('GET', '/openapi.json', undefined, {})).status, 200, 'the document is for everybody')
  t.equal(node.asked.length, 0)
  const off = await openApi(t, {}, [])
  t.match(await off.call('GET', '/stats'), { status: 401, body: { error: { detail: /API is off/ } } })
})

t.test('http api: an unknown path is 404, a wrong method 405 with what is allowed', async (t) => {
  const { call } = await openApi(t)
  for (const path of ['/nothing', '/', '/conversations/a/b/join', '/conversations//join', '/publish/']) {
    isError(t, await call('POST', path, {}), 404, 'no-such-route', 200)
  }
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const answer = await call(method, '/publish')
    isError(t, answer, 405, 'wrong-method', 201)
    t.equal(answer.headers.get('allow'), 'POST')
  }
  t.equal((await call('PUT', '/conversations')).headers.get('allow'), 'POST, GET')
})

const BAD_PUBLISH: [object, number, string, number][] = [
  [{ conversation: 'g:nope' }, 400, 'bad-id', 104],
  [{ conversation: 'u:alice' }, 400, 'bad-id', 104],
  [{ conversation: 'd:b:a' }, 400, 'bad-id', 104],
  [{ sender: 'a b' }, 400, 'bad-id', 104],
  [{ sender: "x'; drop table" }, 400, 'bad-id', 104],
  [{ sender: undefined }, 400, 'bad-frame', 100],
  [{ id: '6f9619ff-8b86-4011-b42d-00c04fc964ff' }, 400, 'bad-id', 104],
  [{ type: 'shout' }, 400, 'unknown-type', 105],
  [{ content: 7 }, 400, 'bad-frame', 100],
  [{ content: 'x'.repeat(65_537) }, 413, 'too-large', 106],
  [{ content: '\ud800' }, 400, 'bad-frame', 100],
  [{ contentBase64: 'AA==' }, 400, 'bad-frame', 100],
  [{ content: undefined, contentBase64: 'A' }, 400, 'bad-frame', 100],
  [{ extra: { a: 'x'.repeat(5000) } }, 413, 'too-large', 106],
  [{ extra: [1] }, 400, 'bad-frame', 100],
  [{ extra: { a: [[[[[[[[[1]]]]]]]]] } }, 413, 'too-large', 106],
  [{ priority: 10 }, 400, 'bad-frame', 100],
  [{ ttl: -1 }, 400, 'bad-frame', 100],
  [{ surprise: true }, 400, 'bad-frame', 100],
]

t.test('http api: bad input is refused by name before anything is asked of the node', async (t) => {
  const { call, node } = await openApi(t)
  for (const [change, status, name, code] of BAD_PUBLISH) {
    isError(t, await call('POST', '/publish', { ...PUBLISH, ...change }), status, name, code)
  }
  const users = Array.from({ length: 101 }, (_, i) => `user${i}`)
  isError(t, await call('POST', '/presence', { users }), 413, 'too-large', 106)
  isError(t, await call('POST', '/presence', { users: [] }), 400, 'bad-frame', 100)
  isError(t, await call('POST', '/conversations', { owner: 'alice', conversation: 'd:a:b' }), 400, 'bad-id', 104)
  isError(t, await call('POST', `/conversations/${GROUP}/role`, { user: 'bob', role: 'god' }), 400, 'bad-frame', 100)
  isError(t, await call('POST', '/conversations/g%3a1/join', { user: 'bob' }), 400, 'bad-id', 104)
  isError(t, await call('POST', '/conversations/%zz/join', { user: 'bob' }), 400, 'bad-id', 104)
  isError(t, await call('GET', '/conversations?user=..%2f%3e'), 400, 'bad-id', 104)
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'before=-1', 'before=1.5', 'before=1&after=2', 'after=1e9']) {
    isError(t, await call('GET', `/conversations/${GROUP}/messages?${query}`), 400, 'bad-page', 107)
  }
  isError(t, await call('GET', `/conversations/${GROUP}/messages?types=shout`), 400, 'unknown-type', 105)
  t.equal(node.asked.length, 0)
})

t.test('http api: a body that is not JSON is refused, one that is too large cut off', async (t) => {
  const { call, node } = await openApi(t)
  for (const body of ['', '{', 'null', '[]', '"x"', '\ufffe{}', '{"a":'.repeat(30)]) {
    isError(t, await call('POST', '/publish', body), 400, 'bad-frame', 100)
  }
  const deep = `{"extra":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`
  for (const body of ['['.repeat(100_000), deep, 'x'.repeat(200_000)]) {
    isError(t, await call('POST', '/publish', body), 413, 'too-large', 106)
  }
  t.equal(node.asked.length, 0)
})

t.test('http api: an aborted request and a node that throws disturb nobody', async (t) => {
  const { call, node, gateway } = await openApi(t)
  const head = `POST /api/v1/publish HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEY}\r\nContent-Length: 500\r\n\r\n`
  const aborted = new RawClient(t, gateway.port).send(head, '{"conv')
  aborted.socket.end()
  await aborted.end()
  node.reply = () => {
    throw new Error('scripted')
  }
  isError(t, await call('POST', '/publish', PUBLISH), 500, 'internal', 199)
  node.reply = () => ({ frame: 'pong', ref: 0, pushes: 0 })
  isError(t, await call('POST', '/publish', PUBLISH), 500, 'internal', 199)
})

t.test('http api: a forged PROXY header is refused, a trusted balancer gets one answer a connection', async (t) => {
  const { gateway } = await openApi(t)
  const request = `GET /api/v1/stats HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEY}\r\n\r\n`
  const source = [203, 0, 113, 9]
  const forged = new RawClient(t, gateway.port).send(proxyHeader(source), request)
  t.match(await forged.until(/"detail"/), /^HTTP\/1.1 400 .*forged-proxy/s)
  const trusting = await openApi(t, { trustedProxies: ['127.0.0.1'] })
  const balancer = new RawClient(t, trusting.gateway.port).send(proxyHeader(source), request)
  t.match(await balancer.end(), /^HTTP\/1.1 200 .*serving/s)
})
