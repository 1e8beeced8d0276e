/** Pushes of one session: when they are repeated, when the device is given up, and how a slow reader is spared. */
import t from 'tap'
import { createSessions, deliveryOf, received } from './session-fixture.js'
import type { Device } from './session-fixture.js'

const SLOW = 300 * 1024
const pushesIn = (device: Device): number => device.heard().filter(({ frame }) => frame === 'push').length

/** A device that acknowledges: it has said so with its first `received`. */
async function createPressed() {
  const world = createSessions()
  const device = await world.open('ann')
  device.say(received('r:hall', 0))
  await world.step()
  const push = async (seq: number, conversation = 'r:hall', size = 10) => {
    world.sessions.deliver(['ann'], deliveryOf(conversation, seq, size))
    await world.step()
  }
  return { ...world, device, push }
}

t.test('push lane: a device that never acknowledged is not pressed', async (t) => {
  const { open, sessions, seconds, counters } = createSessions()
  const device = await open('ann')
  sessions.deliver(['ann'], deliveryOf('r:hall', 1))
  await seconds(300)
  t.equal(pushesIn(device), 1)
  t.equal(device.closedWith, undefined)
  t.equal(counters.pushRetries, 0)
})

t.test('push lane: what stays unacknowledged is repeated after 3 seconds, then with growing pauses', async (t) => {
  const { device, push, seconds, counters } = await createPressed()
  await push(1)
  await push(2)
  const times: number[] = []
  for (let second = 0; second <= 30; second++) {
    if (pushesIn(device) === 2) times.push(second)
    await seconds(1)
  }
  t.same(times, [0, 3, 9, 21])
  t.equal(counters.pushRetries, 6)
  t.equal(counters.pushes, 2, 'a repeat is no further push')
})

t.test(
  'push lane: what a device sent itself is not repeated to it, but to the other devices of its user',
  async (t) => {
    const { open, step, seconds, sessions } = createSessions()
    const devices = [await open('zoe', 'phone'), await open('zoe', 'tablet')] as const
    for (const device of devices) device.say(received('r:hall', 0))
    await step()
    sessions.deliver(['zoe'], deliveryOf('r:hall', 1))
    await step()
    t.same(devices.map(pushesIn), [1, 1])
    await seconds(4)
    t.same(devices.map(pushesIn), [0, 1])
  },
)

t.test('push lane: after all repeats the device is closed as unresponsive', async (t) => {
  const { device, push, seconds, counters } = await createPressed()
  await push(1)
  await seconds(44)
  t.equal(device.closedWith, undefined)
  await seconds(1)
  t.equal(device.closedWith, 3003)
  t.equal(counters.sessionsUnresponsive, 1)
})

t.test('push lane: what is acknowledged is not repeated, and the rest is given its own time', async (t) => {
  const { device, push, step, seconds, counters } = await createPressed()
  await push(1)
  await push(2)
  await seconds(2)
  device.say(received('r:hall', 1))
  await step()
  t.equal(counters.pushesReceived, 1)
  device.heard()
  await seconds(2)
  t.same(device.heard(), [])
  await seconds(1)
  t.match(device.heard(), [{ frame: 'push', prev: 1 }])
  device.say(received('r:hall', 2))
  await seconds(60)
  t.same(device.heard(), [])
  t.equal(device.closedWith, undefined)
})

t.test('push lane: a device that goes on acknowledging is never given up', async (t) => {
  const { device, push, seconds } = await createPressed()
  for (let seq = 1; seq <= 60; seq++) {
    await push(seq)
    await seconds(2)
    device.say(received('r:hall', seq - 1))
  }
  t.equal(device.closedWith, undefined)
})

t.test('push lane: nothing is repeated into a socket that still holds bytes', async (t) => {
  const { device, push, seconds } = await createPressed()
  await push(1)
  device.connection.backlog = 1
  await seconds(10)
  t.equal(pushesIn(device), 1)
  device.connection.backlog = 0
  await seconds(1)
  t.equal(pushesIn(device), 1)
})

t.test('push lane: a slow reader gets no more pushes, and hears the heads when it has drained', async (t) => {
  const { device, push, counters } = await createPressed()
  device.connection.backlog = SLOW
  await push(1)
  t.equal(pushesIn(device), 1)
  await push(2)
  await push(3)
  await push(9, 'r:den')
  t.same(device.heard(), [])
  t.equal(counters.slowReaders, 1)
  device.connection.backlog = 0
  device.session.drained()
  await push(4)
  t.match(device.heard(), [
    { frame: 'head', conversation: 'r:hall', seq: 3 },
    { frame: 'head', conversation: 'r:den', seq: 9 },
    { frame: 'push', prev: 3 },
  ])
})

t.test('push lane: a slow reader that nobody tells of the drain is found by the sweep', async (t) => {
  const { device, push, seconds } = await createPressed()
  device.connection.backlog = SLOW
  await push(1)
  await push(2)
  device.heard()
  device.connection.backlog = 0
  await seconds(1)
  t.match(device.heard(), [{ frame: 'head', seq: 2 }])
})

t.test('push lane: heads that are announced meanwhile are kept for a slow reader, receipts are not', async (t) => {
  const { device, push, sessions, step } = await createPressed()
  device.connection.backlog = SLOW
  await push(1)
  device.heard()
  sessions.head(['ann'], { conversation: 'r:den', epoch: 2, seq: 7, membershipSeq: 1 })
  sessions.receipts('ann', 'r:den', [])
  await step()
  t.same(device.heard(), [])
  device.connection.backlog = 0
  device.session.drained()
  await step()
  t.match(device.heard(), [
    { frame: 'head', conversation: 'r:hall', seq: 1 },
    { frame: 'head', conversation: 'r:den', epoch: 2, seq: 7 },
  ])
})

t.test('push lane: a call to resume everything reaches a slow reader when it has drained', async (t) => {
  const { device, push, sessions, step } = await createPressed()
  device.connection.backlog = SLOW
  await push(1)
  device.heard()
  sessions.pushAll({ frame: 'resync' })
  device.connection.backlog = 0
  device.session.drained()
  await step()
  t.match(device.heard(), [{ frame: 'resync' }])
})

t.test('push lane: a slow reader of very many conversations is told to resume them all', async (t) => {
  const { device, sessions, step } = await createPressed()
  device.connection.backlog = SLOW
  sessions.deliver(['ann'], deliveryOf('r:hall', 1))
  await step()
  device.heard()
  for (let i = 0; i < 600; i++) sessions.deliver(['ann'], deliveryOf(`r:room${String(i)}`, 1))
  device.connection.backlog = 0
  device.session.drained()
  await step()
  t.match(device.heard(), [{ frame: 'resync' }])
})

t.test('push lane: what is unacknowledged is bounded, also when the socket takes everything', async (t) => {
  const { device, sessions, step, seconds, counters } = await createPressed()
  for (let seq = 1; seq <= 40; seq++) sessions.deliver(['ann'], deliveryOf('r:hall', seq, 64 * 1024))
  await step()
  const pushed = pushesIn(device)
  t.ok(pushed < 20, `${String(pushed)} of 40 were pushed`)
  t.equal(counters.slowReaders, 1)
  await seconds(1)
  t.match(device.heard(), [{ frame: 'head', conversation: 'r:hall', seq: 40 }])
  device.say(received('r:hall', 40))
  await seconds(60)
  t.equal(device.closedWith, undefined)
})

t.test('push lane: a pong says how many pushes were sent', async (t) => {
  const { device, push, step } = await createPressed()
  await push(1)
  await push(2)
  device.heard()
  device.say({ frame: 'ping', ref: 3 })
  await step()
  t.match(device.heard(), [{ frame: 'pong', pushes: 2 }])
})
