/**
 * A cluster of three real processes as its users see it: whoever is connected to whichever node, conversations, changes,
 * receipts, signals, presence and history are those of one server.
 */
import t, { type Test } from 'tap'
import { v7 } from 'uuid'
import { CLOSE_CODES } from '../../protocol/close-codes.js'
import { directConversation, RookeryError } from '../../protocol/client/index.js'
import type { Person } from './process-person.js'
import { until } from './process-until.js'
import { ProcessWorld } from './process-world.js'
import { REDIS_MISSING } from './redis-server.js'

const world = await ProcessWorld.start(3)
t.teardown(() => world.stop())

const [first, second, third] = [world.node(0), world.node(1), world.node(2)]
let scenes = 0

/** Three users, each on a node of its own, one of them with the JSON subprotocol. */
async function three(): Promise<readonly [Person, Person, Person]> {
  const scene = String(++scenes)
  return Promise.all([
    world.person(`ann-${scene}`, first),
    world.person(`bob-${scene}`, second, { codec: 'json' }),
    world.person(`cyd-${scene}`, third),
  ])
}

async function refused(t: Test, code: string, what: string, request: Promise<unknown>): Promise<void> {
  const error: unknown = await request.catch((reason: unknown) => reason)
  t.equal(error instanceof RookeryError && error.code, code, what)
}

t.test('cluster: two users on two nodes and in two subprotocols chat in one order', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  const sends = Array.from({ length: 20 }, (_, i) => [
    ann.client.send(conversation, { content: `ann ${String(i)} ☃`, extra: { mood: i } }),
    bob.client.send(conversation, { content: `bob ${String(i)} ☃` }),
  ])
  const sent = await Promise.all(sends.flat())
  t.strictSame(new Set(sent.map(({ seq }) => seq)).size, 40, 'every message has a seq of its own')
  await Promise.all([ann.has(conversation, 40), bob.has(conversation, 40)])
  t.strictSame(ann.texts(conversation), bob.texts(conversation))
  t.strictSame(
    ann.of(conversation).map(({ seq }) => seq),
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
  for (const name of ['ann', 'bob'])
    t.strictSame(
      ann.texts(conversation).filter((text) => text.startsWith(name)),
      Array.from({ length: 20 }, (_, i) => `${name} ${String(i)} ☃`),
    )
  t.strictSame(bob.of(conversation).find(({ text }) => text === 'ann 3 ☃')?.extra, { mood: 3 })
})

t.test('cluster: a message repeated on another node has the seq it had and is stored once', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  const message = { id: v7(), content: 'once' }
  const there = await ann.client.send(conversation, message)
  const laptop = await world.person(ann.user, third, { device: 'laptop' })
  const again = await laptop.client.send(conversation, message)
  t.strictSame([again.epoch, again.seq], [there.epoch, there.seq])
  await bob.client.send(conversation, { content: 'after it' })
  t.strictSame(
    (await bob.history(conversation)).map(({ text }) => text),
    ['once', 'after it'],
  )
})

t.test('cluster: a group is made, changed and left, and all see the same', async (t) => {
  const [ann, bob, cyd] = await three()
  const group = `g:${v7()}`
  await ann.client.create(group, { title: 'three', users: [bob.user] })
  await ann.client.send(group, { content: 'before cyd' })
  await ann.client.add(group, [cyd.user])
  await cyd.client.send(group, { content: 'hello' })
  await ann.client.setRole(group, bob.user, 'admin')
  await bob.client.rename(group, 'us')
  const removed = await bob.client.remove(group, [cyd.user])
  await ann.client.send(group, { content: 'after cyd' })
  await refused(t, 'not-participant', 'cyd is out', cyd.client.send(group, { content: 'let me in' }))
  const left = await bob.client.leave(group)
  await ann.has(group, left.seq)
  t.strictSame(ann.kinds(group), [
    ...['created', 'message', 'joined', 'message', 'role', 'renamed', 'removed', 'message', 'left'],
  ])
  await bob.has(group, left.seq)
  t.strictSame(bob.kinds(group), ann.kinds(group), 'bob saw all, up to the own leaving')
  await cyd.has(group, removed.seq)
  t.strictSame(cyd.kinds(group), ['joined', 'message', 'role', 'renamed', 'removed'], 'cyd saw what lay between')
  t.strictSame(
    (await ann.client.participants(group)).map(({ user, role }) => [user, role]),
    [[ann.user, 'owner']],
  )
  const lists = await Promise.all([ann, bob, cyd].map((person) => person.client.conversations()))
  t.strictSame(
    lists.map((list) => list.some(({ conversation }) => conversation === group)),
    [true, false, false],
  )
})

t.test('cluster: a group refuses what a role does not allow', async (t) => {
  const [ann, bob, cyd] = await three()
  const group = `g:${v7()}`
  await ann.client.create(group, { users: [bob.user] })
  await refused(t, 'not-allowed', 'a member adds nobody', bob.client.add(group, [cyd.user]))
  await refused(t, 'not-allowed', 'it is not open', cyd.client.join(group))
  await refused(t, 'not-participant', 'cyd is not in it', cyd.client.history(group))
  await refused(t, 'last-owner', 'a group keeps an owner', ann.client.leave(group))
  await ann.client.setRole(group, bob.user, 'muted')
  await refused(t, 'not-allowed', 'muted', bob.client.send(group, { content: 'mm' }))
})

t.test('cluster: anybody may join an open room and gets what is said from there on', async (t) => {
  const [ann, bob, cyd] = await three()
  const room = `r:lobby-${String(scenes)}`
  await ann.client.create(room, { open: true, title: 'lobby' })
  await ann.client.send(room, { content: 'echo' })
  await bob.client.join(room)
  await cyd.client.join(room)
  const { seq } = await bob.client.send(room, { content: 'hello, room' })
  await Promise.all([ann, bob, cyd].map((person) => person.has(room, seq)))
  for (const person of [bob, cyd]) t.strictSame(person.texts(room), ['hello, room'])
  t.strictSame(ann.texts(room), ['echo', 'hello, room'])
  await cyd.client.leave(room)
  const last = await ann.client.send(room, { content: 'without cyd' })
  await bob.has(room, last.seq)
  t.notOk(cyd.texts(room).includes('without cyd'))
})

t.test('cluster: receipts reach the sender from another node, as marks and in the list of participants', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  const { seq } = await ann.client.send(conversation, { content: 'did you get it?' })
  const mark = (kind: 'delivered' | 'read') => () =>
    ann.receipts.some(
      (receipts) =>
        receipts.conversation === conversation &&
        receipts.items.some((item) => item.user === bob.user && item[kind] >= seq),
    )
  await until('ann is told that bob has it', mark('delivered'))
  bob.client.markRead(conversation, seq)
  await until('ann is told that bob read it', mark('read'))
  const rows = await ann.client.participants(conversation)
  t.match(
    rows.find(({ user }) => user === bob.user),
    { delivered: seq, read: seq },
  )
})

t.test('cluster: signals and typing reach the others on other nodes and are not stored', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  await ann.client.send(conversation, { content: 'wait' })
  await bob.has(conversation, 1)
  await until('bob sees a signal and that ann types', () => {
    ann.client.typing(conversation)
    ann.client.signal(conversation, 'cursor', Uint8Array.of(0, 255, 7))
    return new Set(bob.signals.map(({ name }) => name)).size === 2
  })
  const cursor = bob.signals.find(({ name }) => name === 'cursor')
  t.strictSame([cursor?.sender, [...(cursor?.data ?? [])]], [ann.user, [0, 255, 7]])
  t.strictSame(ann.signals, [], 'not to the sender')
  t.equal((await bob.history(conversation)).length, 1)
})

t.test('cluster: history is paged alike on every node', async (t) => {
  const [ann, bob, cyd] = await three()
  const group = `g:${v7()}`
  await ann.client.create(group, { users: [bob.user, cyd.user] })
  await Promise.all(Array.from({ length: 120 }, (_, i) => ann.client.send(group, { content: String(i) })))
  const pages = await Promise.all([ann, bob, cyd].map((person) => person.client.history(group, { limit: 50 })))
  for (const page of pages) {
    t.strictSame([page.entries.length, page.entries[0]?.seq, page.head, page.more], [50, 72, 121, true])
  }
  const around = await cyd.client.history(group, { around: 60, limit: 11 })
  t.strictSame(
    around.entries.map(({ seq }) => seq),
    [55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65],
  )
  const older = await bob.client.history(group, { before: 72, limit: 200 })
  t.strictSame([older.entries.length, older.more], [71, false])
  t.strictSame(
    (await bob.history(group)).map(({ text }) => text),
    (await ann.history(group)).map(({ text }) => text),
  )
})

t.test('cluster: a device that was away gets everything it missed, on another node', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  await ann.client.send(conversation, { content: 'one' })
  await bob.has(conversation, 1)
  const place = bob.client.position(conversation)
  await bob.client.close()
  for (const content of ['two', 'three']) await ann.client.send(conversation, { content })
  const back = await world.person(bob.user, third)
  if (place) back.client.setPosition(conversation, place)
  await back.has(conversation, 3)
  t.strictSame(back.texts(conversation), ['two', 'three'])
})

t.test('cluster: a newer connection of a device on another node displaces the older one', async (t) => {
  const old = await world.person('dup', first)
  const newer = await world.person('dup', second)
  const closed = await until('the older connection is closed', () => old.closed)
  t.strictSame(closed, { code: CLOSE_CODES.displaced.code, name: 'displaced' })
  t.equal(newer.client.state, 'online')
  const other = await world.person('dup', third, { device: 'tablet' })
  await other.client.conversations()
  t.strictSame([newer.client.state, newer.closed], ['online', null], 'another device displaces nobody')
})

t.test('cluster: the API closes the connections of a user on every node', async (t) => {
  const phone = await world.person('gone', first, { reconnect: false })
  const laptop = await world.person('gone', second, { reconnect: false, device: 'laptop' })
  const { status } = await world.api(third, 'POST', '/disconnect', { user: 'gone', device: 'phone' })
  t.equal(status, 200)
  t.match(await until('the phone is closed', () => phone.closed), { code: CLOSE_CODES.disconnected.code })
  t.equal(laptop.closed, null)
  await world.api(third, 'POST', '/disconnect', { user: 'gone' })
  t.match(await until('the laptop is closed', () => laptop.closed), { code: CLOSE_CODES.disconnected.code })
})

t.test('cluster: what is published over HTTP on one node arrives on another', async (t) => {
  const [ann, bob] = await three()
  const conversation = directConversation(ann.user, bob.user)
  const id = v7()
  const publish = { conversation, sender: ann.user, content: 'from a server', id }
  const answers = [
    await world.api(third, 'POST', '/publish', publish),
    await world.api(first, 'POST', '/publish', publish),
  ]
  t.strictSame(answers[0], answers[1], 'also when repeated')
  await bob.has(conversation, 1)
  t.strictSame(bob.texts(conversation), ['from a server'])
})

t.test(
  'cluster: presence of a user is known on all nodes',
  { skip: world.redis === null && REDIS_MISSING },
  async (t) => {
    const ann = await world.person('here', first)
    const bob = await world.person('looker', third)
    const state = async () => (await bob.client.presence(['here', 'nobody'])).map(({ state }) => state).join()
    await until('the other node sees the user online', async () => (await state()) === 'online,offline')
    await ann.client.close()
    await until('the other node sees the user offline', async () => (await state()) === 'offline,offline')
    t.ok((await bob.client.presence(['here']))[0]?.lastSeen)
  },
)
