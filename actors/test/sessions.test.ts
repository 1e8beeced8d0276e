/** All sessions of a node: several devices, one session per device, and what the sweep finds in time. */
import t from 'tap'
import { CONNECT_MS, connectFrame, createSessions, deliveryOf, PING_SECONDS } from './session-fixture.js'

const send = (ref: number) =>
  ({ frame: 'send', ref, conversation: 'r:hall', after: null, id: null, type: 1, body: BODY }) as const
/** A body without an id: nil, text, no content, no extra, priority 0, no end. */
const BODY = new Uint8Array([0xc0, 1, 0xc4, 0, 0xc0, 0, 0])

t.test('sessions: every device of a user gets what is for the user', async (t) => {
  const { open, step, sessions, news } = createSessions()
  const phone = await open('ann', 'phone')
  const tablet = await open('ann', 'tablet')
  const laptop = await open('ann', 'laptop')
  const other = await open('bob')
  t.same(news, ['ann/phone came first', 'ann/tablet came', 'ann/laptop came', 'bob/phone came first'])
  sessions.deliver(['ann', 'nobody'], deliveryOf('r:hall', 1))
  await step()
  for (const device of [phone, tablet, laptop]) t.match(device.heard(), [{ frame: 'push', prev: 0 }])
  t.same(other.heard(), [])
})

t.test('sessions: the last device that goes takes the user along', async (t) => {
  const { open, sessions, news } = createSessions()
  const devices = [await open('ann', 'a'), await open('ann', 'b'), await open('ann', 'c')]
  news.length = 0
  for (const device of devices) device.session.closed()
  t.same(news, ['ann/a went', 'ann/b went', 'ann/c went last'])
  t.same([...sessions.users()], [])
})

t.test('sessions: a newer connection of a device displaces the older one', async (t) => {
  const { open, sessions, step } = createSessions()
  const older = await open('ann', 'phone')
  const tablet = await open('ann', 'tablet')
  const newer = await open('ann', 'phone')
  t.equal(older.closedWith, 3503)
  t.ok(newer.session.number > older.session.number, 'the numbers rise within one millisecond, too')
  t.equal(tablet.closedWith, undefined)
  sessions.pushAll({ frame: 'resync' })
  await step()
  t.match(newer.heard(), [{ frame: 'resync' }])
  t.equal(sessions.size, 2)
})

t.test('sessions: a connection with a lower number than that of the device here is the older one', async (t) => {
  const { open, sessions } = createSessions()
  const newer = await open('ann', 'phone', 20)
  const older = await open('ann', 'phone', 19)
  t.same([newer.closedWith, older.closedWith], [undefined, 3503])
  t.equal(sessions.size, 1)
  const newest = await open('ann', 'phone', 21)
  t.same([newer.closedWith, newest.session.number], [3503, 21])
  const unnumbered = await open('ann', 'phone')
  t.ok(unnumbered.session.number > 21)
  t.same([newest.closedWith, unnumbered.closedWith], [3503, undefined])
})

t.test('sessions: the highest number there is does not lead to one that nobody can read', async (t) => {
  const { open } = createSessions()
  const highest = await open('ann', 'phone', Number.MAX_SAFE_INTEGER)
  const next = await open('ann', 'phone')
  t.equal(highest.closedWith, 3503)
  t.ok(Number.isSafeInteger(next.session.number))
})

t.test('sessions: only the session with the number is displaced', async (t) => {
  const { open, sessions } = createSessions()
  const { session } = await open('ann', 'phone')
  const { user, device, number } = session
  sessions.displace(user, device, number + 1)
  t.equal(sessions.size, 1)
  sessions.displace(user, device, number)
  t.equal(sessions.size, 0)
})

t.test('sessions: a user is disconnected by device or altogether', async (t) => {
  const { open, sessions } = createSessions()
  const devices = [await open('ann', 'a'), await open('ann', 'b'), await open('ann', 'c')]
  sessions.disconnect('ann', 'b', 'revoked')
  t.same(
    devices.map(({ closedWith }) => closedWith),
    [undefined, 3505, undefined],
  )
  sessions.disconnect('ann', null, 'disconnected')
  t.same(
    devices.map(({ closedWith }) => closedWith),
    [3006, 3505, 3006],
  )
  t.equal(sessions.size, 0)
})

t.test('sessions: the sender of a signal does not hear it', async (t) => {
  const { open, step, sessions } = createSessions()
  const ann = await open('ann')
  const bob = await open('bob')
  sessions.signalled(['ann', 'bob'], 'r:hall', 'ann', 'typing', new Uint8Array(0))
  await step()
  t.same(ann.heard(), [])
  t.match(bob.heard(), [{ frame: 'signalled', sender: 'ann', name: 'typing' }])
})

t.test('sessions: who does not connect in time is closed with 3007', async (t) => {
  const { attach, open, seconds, step, sessions } = createSessions()
  const silent = attach()
  const checking = attach()
  checking.say(connectFrame('slow'))
  const open1 = await open('ann')
  await step()
  await seconds(CONNECT_MS / 1000 - 1)
  const late = attach()
  t.equal(silent.closedWith, undefined)
  await seconds(1)
  t.equal(silent.closedWith, 3007)
  t.equal(checking.closedWith, 3007, 'nor may the check of a token take longer')
  t.equal(late.closedWith, undefined)
  t.equal(open1.closedWith, undefined)
  t.equal(sessions.size, 1)
})

t.test('sessions: a token that ends closes its session with 3004, whichever of many it is', async (t) => {
  const { open, seconds, sessions } = createSessions()
  const mortal = []
  for (let i = 0; i < 100; i++) {
    const device = await open(i % 3 === 0 ? `user${String(i)}:10` : `user${String(i)}`)
    if (i % 3 === 0) mortal.push(device)
  }
  await seconds(9)
  t.ok(mortal.every(({ closedWith }) => closedWith === undefined))
  await seconds(32)
  t.ok(
    mortal.every(({ closedWith }) => closedWith === 3004),
    'two rounds reach every session',
  )
  t.equal(sessions.size, 100 - mortal.length)
})

t.test('sessions: a device that pinged once and stopped is closed with 3001; one that never did is not', async (t) => {
  const { open, seconds } = createSessions()
  const stopped = await open('ann')
  const never = await open('bob')
  const pinging = await open('cy')
  stopped.say({ frame: 'ping', ref: 1 })
  for (let i = 0; i < 4; i++) {
    pinging.say({ frame: 'ping', ref: 2 })
    await seconds(PING_SECONDS)
    if (i < 3) t.equal(stopped.closedWith, undefined)
  }
  t.equal(stopped.closedWith, 3001)
  t.equal(never.closedWith, undefined)
  t.equal(pinging.closedWith, undefined)
})

t.test('sessions: a user’s devices share one rate of messages, which other users do not', async (t) => {
  const { open, step, routed } = createSessions({ sendRate: { perSecond: 1, burst: 2 } })
  const phone = await open('ann', 'phone')
  const tablet = await open('ann', 'tablet')
  const other = await open('bob')
  phone.say(send(1), send(2))
  await step()
  tablet.say(send(3), { frame: 'participants', ref: 4, conversation: 'r:hall', cursor: '', limit: 5 })
  other.say(send(5))
  await step()
  t.match(tablet.heard(), [{ frame: 'error', ref: 3, error: 'rate-limited', retry: 1000 }])
  t.same(
    routed.map(({ command }) => command.frame),
    ['send', 'send', 'participants', 'send'],
  )
})
