import t from 'tap'
import type { CodecName } from '../../codec.js'
import { parseMessageId } from '../../ids.js'
import { RookeryClient, RookeryError, MemoryStorage } from '../index.js'
import { arrived, ROOM, start } from './client-fixture.js'
import { type FakeConnection } from './fake-server.js'
import { ManualClock } from './manual-clock.js'
import { nextEvent, within } from './waiting.js'

for (const codec of ['msgpack', 'json'] satisfies CodecName[]) {
  t.test(`client: sends, receives and asks with the ${codec} codec`, async (t) => {
    const { server, client } = await start(t, { codec })
    await client.connect()
    t.equal(client.state, 'online')
    t.equal(client.user, 'alice')
    const echo = arrived(client, 'hello')
    const sent = await client.send(ROOM, { content: 'hello', extra: { replyTo: 'x' }, priority: 7 })
    t.match(sent, { epoch: 1, seq: 1, time: Number })
    t.ok(parseMessageId(sent.id))
    const entry = await echo
    t.match(entry, {
      id: sent.id,
      kind: 'message',
      type: 'text',
      own: true,
      seq: 1,
      extra: { replyTo: 'x' },
      priority: 7,
    })
    t.same(client.position(ROOM), { epoch: 1, seq: 1 })
    const page = await client.history(ROOM, { limit: 10, types: ['text'] })
    t.same(
      page.entries.map(({ text }) => text),
      ['hello'],
    )
    for (const name of ['a', 'b', 'c']) server.append(`r:${name}`, name)
    t.equal((await client.conversations()).length, 5, 'pages are put together')
    t.equal((await client.presence(Array.from({ length: 150 }, (_, i) => `u${String(i)}`))).length, 150)
    t.match(await client.create('r:new', { title: 'New', users: ['bob'] }), { epoch: 1, seq: 1 })
  })
}

t.test('client: what is sent in one turn leaves in one WebSocket message, within the limits', async (t) => {
  const { server, client } = await start(t)
  await client.connect()
  await Promise.all(Array.from({ length: 300 }, (_, i) => client.send(ROOM, { content: String(i) })))
  const messages = server.newest.messages.filter((frames) => frames > 1)
  t.ok(messages.some((frames) => frames === 256))
  t.equal(server.newest.received('send').length, 300)
})

t.test('client: after a broken line it resends what is unacked, with the same ids and in order', async (t) => {
  const { server, client, texts } = await start(t)
  let isAcking = false
  server.script = (command, connection) => {
    if (command.frame !== 'send' || isAcking) return false
    if (connection.received('send').length === 3) connection.cut()
    return true
  }
  await client.connect()
  const sending = ['one', 'two', 'three'].map((content) => client.send(ROOM, { content }))
  await server.until('three sends', () => server.newest.received('send').length === 3)
  isAcking = true
  const sent = await within('acks', Promise.all(sending))
  t.same(
    sent.map(({ seq }) => seq),
    [1, 2, 3],
  )
  const [first, second] = server.connections.map((connection) => connection.received('send').map(({ id }) => id))
  t.same(second, first)
  const afters = server.newest.received('send').map(({ after }) => after)
  t.same(afters, [null, ...(first ?? []).slice(0, 2)])
  t.equal(client.counters.resent, 3)
  t.equal(client.counters.reconnects, 1)
  t.equal(texts.length, 3)
})

t.test('client: an ack that was lost gives the same seq again, and the message once', async (t) => {
  const { server, client, texts } = await start(t)
  server.script = (command, connection) => {
    if (command.frame !== 'send' || server.connections.length > 1) return false
    server.store(command, { send: () => undefined } as unknown as FakeConnection)
    connection.cut()
    return true
  }
  await client.connect()
  const sent = await within('ack', client.send(ROOM, { content: 'once' }))
  t.equal(sent.seq, 1)
  t.equal(server.seqs(ROOM), 1)
  t.same(texts, ['once'])
})

t.test('client: a temporary error holds the lane, then everything of it goes out again', async (t) => {
  const { server, client } = await start(t)
  let refusals = 0
  server.script = (command, connection) => {
    if (command.frame !== 'send' || refusals === 3) return false
    const error = refusals++ === 0 ? 'temporary' : 'out-of-order'
    connection.send({ frame: 'error', ref: command.ref, error, detail: '', retry: 1 })
    return true
  }
  await client.connect()
  const sent = await Promise.all(['a', 'b', 'c'].map((content) => client.send(ROOM, { content })))
  t.same(
    sent.map(({ seq }) => seq),
    [1, 2, 3],
  )
  t.equal(server.newest.received('send').length, 6)
})

t.test('client: a permanent error rejects one message, those behind it are sent again without naming it', async (t) => {
  const { server, client } = await start(t)
  let bad: string | null = null
  server.script = (command, connection) => {
    if (command.frame !== 'send') return false
    bad ??= command.id
    const isBad = command.id === bad
    if (!isBad && command.after !== bad) return false
    const error = isBad ? 'id-conflict' : 'out-of-order'
    connection.send({ frame: 'error', ref: command.ref, error, detail: '', retry: 0 })
    return true
  }
  await client.connect()
  const [first, second] = await Promise.allSettled(['a', 'b'].map((content) => client.send(ROOM, { content })))
  t.match(first, { status: 'rejected', reason: { code: 'id-conflict', temporary: false } })
  t.match(second, { status: 'fulfilled', value: { seq: 1 } })
})

t.test('client: a full outbox, a time-out and oversized content are told by name', async (t) => {
  const clock = new ManualClock()
  const { server, client } = await start(t, { outboxLimit: 1, sendTimeout: 1_000, clock })
  server.script = ({ frame }) => frame === 'send'
  await client.connect()
  const late = client.send(ROOM, { content: 'never acked' })
  await t.rejects(client.send(ROOM, { content: 'too many' }), { code: 'outbox-full', temporary: true })
  await t.rejects(client.send(ROOM, { content: new Uint8Array(70_000) }), { code: 'too-large', temporary: false })
  await t.rejects(client.send(ROOM, { content: '', id: 'x' }), { code: 'bad-id' })
  await t.rejects(client.send(ROOM, { content: '', priority: 10 }), { code: 'bad-frame' })
  const rejected = t.rejects(late, { code: 'send-timeout', temporary: true })
  clock.advance(1_000)
  await rejected
})

t.test('client: a push that went missing is fetched before what came after it', async (t) => {
  const { server, client, texts } = await start(t)
  await client.connect()
  const one = arrived(client, '1')
  server.newest.send(server.append(ROOM, '1'))
  await one
  const four = arrived(client, '4')
  server.append(ROOM, '2')
  server.newest.send(server.append(ROOM, '3'), server.append(ROOM, '4'))
  await four
  t.same(texts, ['1', '2', '3', '4'])
  t.match(client.counters, { gaps: 1, duplicates: 2 })
  server.newest.send({
    frame: 'push',
    epoch: 1,
    prev: 3,
    entry: server.page({ conversation: ROOM, epoch: 1, seq: 3 }, 1).items[0]?.entry ?? new Uint8Array(),
  })
  const five = arrived(client, '5')
  server.newest.send(server.append(ROOM, '5'))
  await five
  t.same(texts, ['1', '2', '3', '4', '5'], 'a repeated push is dropped')
})

t.test('client: head and resync lead to what was left out', async (t) => {
  const { server, client, texts } = await start(t)
  await client.connect()
  server.append(ROOM, '1')
  const one = arrived(client, '1')
  server.newest.send({ frame: 'head', conversation: ROOM, epoch: 1, seq: 1 })
  await one
  server.append(ROOM, '2')
  const two = arrived(client, '2')
  server.newest.send({ frame: 'resync' })
  await two
  t.same(texts, ['1', '2'])
})

t.test('client: after a reconnect it resumes page by page from its positions', async (t) => {
  const { server, client, texts } = await start(t)
  await client.connect()
  const first = arrived(client, '0')
  server.newest.send(server.append(ROOM, '0'))
  await first
  for (let i = 1; i <= 450; i++) server.append(ROOM, String(i))
  const last = arrived(client, '450')
  server.newest.cut()
  await last
  t.same(
    texts,
    Array.from({ length: 451 }, (_, i) => String(i)),
  )
  const positions = server.newest
    .received('resume')
    .flatMap((resume) => resume.positions.filter((p) => p.conversation === ROOM))
  t.same(
    positions.map(({ seq }) => seq),
    [1, 201, 401],
  )
})

t.test('client: a conversation begun anew is announced, then taken from its beginning', async (t) => {
  const { server, client, texts } = await start(t)
  await client.connect()
  const old = arrived(client, 'old')
  server.newest.send(server.append(ROOM, 'old'))
  await old
  server.beginEpoch(ROOM)
  const fresh = arrived(client, 'new')
  const announced = nextEvent(client, 'unrecovered')
  server.newest.send(server.append(ROOM, 'new'))
  t.same(await announced, { conversation: ROOM, epoch: 2, head: 1 })
  await fresh
  t.same(texts, ['old', 'new'])
  t.same(client.position(ROOM), { epoch: 2, seq: 1 })
})

t.test(
  "client: the user's own conversation tells of others, which are taken from the entry that let the user in",
  async (t) => {
    const { server, client, texts } = await start(t)
    for (const text of ['before', 'welcome', 'more']) server.append(ROOM, text)
    server.change('u:alice', 'entered', { conversation: ROOM, epoch: 1, seq: 2 })
    const more = arrived(client, 'more')
    await client.connect()
    await more
    t.same(texts, ['welcome', 'more'])
    const exit = nextEvent(client, 'entry', ({ kind }) => kind === 'exited')
    server.newest.send(server.change('u:alice', 'exited', { conversation: ROOM, epoch: 1, seq: 3 }))
    await exit
    server.newest.cut()
    await nextEvent(client, 'state', (state) => state === 'online')
    await server.until('a resume', () => server.newest.received('resume').length > 0)
    t.same(
      server.newest.received('resume').flatMap(({ positions }) => positions.map(({ conversation }) => conversation)),
      ['u:alice'],
    )
  },
)

t.test('client: what arrived and what was read is told in few frames, and told again after a reconnect', async (t) => {
  const { server, client } = await start(t)
  await client.connect()
  const last = arrived(client, '3')
  server.newest.send(server.append(ROOM, '1'), server.append(ROOM, '2'), server.append(ROOM, '3'))
  await last
  client.markRead(ROOM, 2)
  client.markRead(ROOM, 3)
  const told = [{ conversation: ROOM, epoch: 1, seq: 3 }]
  await server.until('marks', () => server.newest.received('received').length > 0)
  t.match(server.newest.received('received'), [{ positions: told }])
  t.match(server.newest.received('read'), [{ positions: told }])
  server.newest.cut()
  await server.until(
    'marks again',
    () => server.connections.length > 1 && server.newest.received('received').length > 0,
  )
  t.match(server.newest.received('received'), [{ positions: told }])
  t.match(server.newest.received('read'), [{ positions: told }])
})

t.test('client: positions and unacked messages outlive the client in its storage', async (t) => {
  const storage = new MemoryStorage()
  const { server, client } = await start(t, { storage })
  await client.connect()
  const seen = arrived(client, 'seen')
  server.newest.send(server.append(ROOM, 'seen'))
  await seen
  server.script = ({ frame }) => frame === 'send'
  const sending = client.send(ROOM, { content: 'unsent' })
  await server.until('the send', () => server.newest.received('send').length === 1)
  await Promise.all([t.rejects(sending, { code: 'closed' }), client.close()])
  server.script = () => false
  const next = new RookeryClient({ url: server.url, token: 'good', device: 'd1', storage })
  t.teardown(() => next.close())
  const texts: string[] = []
  next.on('message', (message) => texts.push(message.text))
  const echo = arrived(next, 'unsent')
  await next.connect()
  await echo
  t.same(texts, ['unsent'], 'what was seen is not delivered again')
  await server.until('an empty outbox', () => storage.load().messages.length === 0)
})

t.test('client: changes are repeated over temporary errors and reconnects until they are answered', async (t) => {
  const { server, client } = await start(t)
  let attempts = 0
  server.script = (command, connection) => {
    if (command.frame !== 'join') return false
    attempts++
    if (attempts === 1) connection.send({ frame: 'error', ref: command.ref, error: 'overloaded', detail: '', retry: 1 })
    else if (attempts === 2) connection.cut()
    return attempts < 3
  }
  await client.connect()
  t.match(await within('the answer', client.join(ROOM)), { seq: 1 })
  t.equal(attempts, 3)
  server.script = (command, connection) => {
    if (command.frame !== 'rename') return false
    connection.send({ frame: 'error', ref: command.ref, error: 'not-allowed', detail: 'a member', retry: 0 })
    return true
  }
  await t.rejects(client.rename(ROOM, 'x'), new RookeryError('not-allowed', 'a member'))
})

t.test('client: signals and receipts are events', async (t) => {
  const { server, client } = await start(t)
  await client.connect()
  client.typing(ROOM)
  client.signal(ROOM, 'cursor', '1,2')
  await server.until('signals', () => server.newest.received('signal').length === 2)
  t.match(server.newest.received('signal'), [{ name: 'typing' }, { name: 'cursor', data: Buffer.from('1,2') }])
  const signal = nextEvent(client, 'signal')
  const receipts = nextEvent(client, 'receipts')
  server.newest.send(
    { frame: 'signalled', conversation: ROOM, sender: 'bob', name: 'typing', data: new Uint8Array() },
    { frame: 'receipts', conversation: ROOM, items: [{ user: 'bob', delivered: 2, read: 1 }] },
  )
  t.match(await signal, { sender: 'bob', name: 'typing' })
  t.same(await receipts, { conversation: ROOM, items: [{ user: 'bob', delivered: 2, read: 1 }] })
})

t.test('client: a resume that cannot be answered now is asked again, one that never will be is given up', async (t) => {
  const { server, client } = await start(t)
  await client.connect()
  let refusals = 0
  server.script = (command, connection) => {
    if (command.frame !== 'resume' || refusals === 2) return false
    const { ref, positions } = command
    if (refusals++ === 0) connection.send({ frame: 'error', ref, error: 'rate-limited', detail: '', retry: 1 })
    else {
      const errors = positions.map(({ conversation }) => ({ conversation, error: 'unavailable' }) as const)
      connection.send({ frame: 'resumed', ref, pages: [], errors })
    }
    return true
  }
  server.append(ROOM, '1')
  const two = arrived(client, '2')
  server.newest.send(server.append(ROOM, '2'))
  await two
  server.script = (command, connection) => {
    if (command.frame !== 'resume') return false
    const errors = command.positions.map(({ conversation }) => ({ conversation, error: 'not-participant' }) as const)
    connection.send({ frame: 'resumed', ref: command.ref, pages: [], errors })
    return true
  }
  const error = nextEvent(client, 'error')
  server.newest.send({ frame: 'head', conversation: ROOM, epoch: 1, seq: 9 })
  t.match(await error, { code: 'not-participant' })
  t.equal(client.position(ROOM), undefined)
})
