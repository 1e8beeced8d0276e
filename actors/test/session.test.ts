/** A session between its connection and its host: connecting, faults, answers, limits, and what leaves in which write. */
import t from 'tap'
import { jsonCodec } from '../../protocol/codec-json.js'
import { refusal } from '../command.js'
import { connectFrame, createSessions, read, received } from './session-fixture.js'
import type { Routed } from './session-fixture.js'

const CONVERSATION = 'r:hall'
const query = (ref: number) =>
  ({ frame: 'participants', ref, conversation: CONVERSATION, cursor: '', limit: 10 }) as const
const ping = (ref: number) => ({ frame: 'ping', ref }) as const
const sent = { frame: 'sent', ref: 0, epoch: 1, seq: 7, time: 5 } as const
const json = (text: string): Uint8Array => new TextEncoder().encode(text)

function last(routed: readonly Routed[]): Routed {
  const one = routed.at(-1)
  if (one === undefined) throw new Error('nothing was routed')
  return one
}

t.test('session: a connect frame is answered by a welcome that names user, device and node', async (t) => {
  const { attach, step, sessions } = createSessions()
  const device = attach()
  device.say(connectFrame('ann', 'phone', 9))
  await step()
  t.match(device.heard(), [{ frame: 'welcome', ref: 9, user: 'ann', device: 'phone', node: 'n1', ping: 25 }])
  t.equal(sessions.size, 1)
})

t.test('session: what comes before connect is refused, and connecting is still possible', async (t) => {
  const { attach, step, routed } = createSessions()
  const device = attach()
  device.say(query(3))
  await step()
  t.match(device.heard(), [{ frame: 'error', ref: 3, error: 'not-connected' }])
  t.same(routed, [])
  device.say(connectFrame('ann'))
  await step()
  t.match(device.heard(), [{ frame: 'welcome' }])
})

t.test('session: a second connect is refused, while the token is checked and afterwards', async (t) => {
  const { attach, step } = createSessions()
  const device = attach()
  device.say(connectFrame('ann', 'phone', 1), connectFrame('bob', 'phone', 2))
  await step()
  t.match(device.heard(), [
    { frame: 'error', ref: 2, error: 'already-connected' },
    { frame: 'welcome', user: 'ann' },
  ])
  device.say(connectFrame('bob', 'phone', 3))
  await step()
  t.match(device.heard(), [{ frame: 'error', ref: 3, error: 'already-connected' }])
  t.equal(device.session.user, 'ann')
})

t.test('session: a rejected token closes with 3501', async (t) => {
  const { attach, step, sessions } = createSessions()
  const device = attach()
  device.say(connectFrame('bad'))
  await step()
  t.equal(device.closedWith, 3501)
  t.equal(sessions.size, 0)
})

t.test('session: a token found good after the connection went opens nothing', async (t) => {
  const { attach, step, sessions, news } = createSessions()
  const device = attach()
  device.say(connectFrame('ann'))
  device.session.closed()
  await step()
  t.equal(sessions.size, 0)
  t.same(news, [])
  t.same(device.heard(), [])
})

t.test('session: a frame that breaks a rule costs only itself', async (t) => {
  const { open, step, counters } = createSessions()
  const device = await open('ann', 'phone', 0, jsonCodec)
  device.session.receive(json('{"frame":"nonsense","ref":4}\n{"frame":"ping","ref":5}\n'))
  await step()
  t.match(device.heard(), [
    { frame: 'error', ref: 4, error: 'unknown-frame' },
    { frame: 'pong', ref: 5 },
  ])
  t.same(device.connection.closes, [])
  t.equal(counters.badFrames, 1)
})

t.test('session: bytes that are no frame are answered and close with 3500', async (t) => {
  const { open, step } = createSessions()
  const device = await open('ann')
  device.session.receive(new Uint8Array([0xc1, 0xff]))
  await step()
  t.match(device.heard(), [{ frame: 'error', error: 'bad-frame' }])
  t.equal(device.closedWith, 3500)
})

t.test('session: an answer carries the ref of its command', async (t) => {
  const { open, step, routed } = createSessions()
  const device = await open('ann')
  device.say(query(11), query(12))
  await step()
  t.equal(routed.length, 2)
  routed[1]?.to.reply(sent)
  routed[0]?.to.reply({ ...sent, seq: 6 })
  await step()
  t.match(device.heard(), [
    { frame: 'sent', ref: 12, seq: 7 },
    { frame: 'sent', ref: 11, seq: 6 },
  ])
})

t.test('session: answers to ref 0 are not written, errors are', async (t) => {
  const { open, step, routed } = createSessions()
  const device = await open('ann')
  device.say(query(0), query(0))
  await step()
  routed[0]?.to.reply(sent)
  routed[1]?.to.reply(refusal('temporary'))
  await step()
  t.match(device.heard(), [{ frame: 'error', ref: 0, error: 'temporary' }])
})

t.test('session: an answer that only nodes understand is told as an internal error', async (t) => {
  const { open, step, routed } = createSessions()
  const device = await open('ann')
  device.say(query(1))
  await step()
  last(routed).to.reply({ frame: 'notOwner', view: 1 })
  await step()
  t.match(device.heard(), [{ frame: 'error', ref: 1, error: 'internal' }])
})

t.test('session: everything of a turn leaves in one write', async (t) => {
  const { open, step, sessions } = createSessions()
  const device = await open('ann')
  device.say(ping(1), ping(2))
  sessions.receipts('ann', CONVERSATION, [])
  await step()
  t.equal(device.connection.writes.length, 1)
  t.same(
    device.heard().map(({ frame }) => frame),
    ['pong', 'pong', 'receipts'],
  )
})

t.test('session: a receipt waits for the next write, but not for long', async (t) => {
  const { open, step, seconds, sessions } = createSessions()
  const device = await open('ann')
  sessions.receipts('ann', CONVERSATION, [])
  await step()
  t.equal(device.connection.writes.length, 0)
  await seconds(1)
  t.match(device.heard(), [{ frame: 'receipts' }])
  await seconds(2)
  t.equal(device.connection.writes.length, 0)
})

t.test('session: what was gathered is written before the close', async (t) => {
  const { open, sessions } = createSessions()
  const device = await open('ann')
  sessions.pushAll({ frame: 'reconnect', delay: 5 })
  device.session.close('shutdown')
  t.match(device.heard(), [{ frame: 'reconnect' }])
  t.equal(device.closedWith, 3000)
})

t.test('session: a connection that takes nothing more is closed, and only once', async (t) => {
  const { open, step, sessions } = createSessions()
  const device = await open('ann')
  device.connection.takes = false
  sessions.pushAll({ frame: 'resync' })
  await step()
  t.equal(device.closedWith, 3003)
  const other = await open('bob')
  other.connection.takes = false
  sessions.pushAll({ frame: 'resync' })
  other.session.close('shutdown')
  await step()
  t.equal(other.connection.closes.length, 1)
})

t.test('session: nothing is written or asked after the end', async (t) => {
  const { open, step, sessions, routed, news } = createSessions()
  const device = await open('ann')
  device.say(query(1))
  await step()
  device.session.closed()
  last(routed).to.reply(sent)
  device.say(query(2))
  sessions.pushAll({ frame: 'resync' })
  await step()
  t.same(device.heard(), [])
  t.equal(routed.length, 1)
  t.same(news, ['ann/phone came first', 'ann/phone went last'])
  t.same(device.connection.closes, [])
})

t.test('session: a connection that asks too much is told how long to wait', async (t) => {
  const { open, step, clock, routed } = createSessions({ rate: { perSecond: 10, burst: 2 } })
  const device = await open('ann')
  device.say(query(1), query(2), query(3))
  await step()
  t.equal(routed.length, 2)
  t.match(device.heard(), [{ frame: 'error', ref: 3, error: 'rate-limited', retry: 100 }])
  await clock.run(clock.now() + 100)
  device.say(query(4))
  await step()
  t.equal(routed.length, 3)
})

t.test('session: marks and pings are never refused', async (t) => {
  const { open, step, marks } = createSessions({ rate: { perSecond: 1, burst: 1 } })
  const device = await open('ann')
  device.say(query(1), received(CONVERSATION, 3), read(CONVERSATION, 2), ping(2))
  await step()
  t.match(device.heard(), [{ frame: 'pong', ref: 2 }])
  t.same(marks, [
    { conversation: CONVERSATION, user: 'ann', delivered: 3, read: 0 },
    { conversation: CONVERSATION, user: 'ann', delivered: 2, read: 2 },
  ])
})

t.test('session: a signal goes to the host, and presence is answered', async (t) => {
  const { open, step, signals } = createSessions()
  const device = await open('ann')
  device.say(
    { frame: 'signal', conversation: CONVERSATION, name: 'typing', data: new Uint8Array(1) },
    { frame: 'presence', ref: 8, users: ['bob'] },
  )
  await step()
  t.same(signals, [{ conversation: CONVERSATION, sender: 'ann', name: 'typing' }])
  t.match(device.heard(), [{ frame: 'presenceList', ref: 8, items: [{ user: 'bob', state: 'away' }] }])
})

t.test('session: the list of conversations is asked of the user’s own one', async (t) => {
  const { open, step, routed } = createSessions()
  const device = await open('ann')
  device.say({ frame: 'conversations', ref: 1, cursor: '', limit: 5 })
  await step()
  t.match(last(routed).command, { frame: 'list', conversation: 'u:ann', query: { limit: 5 } })
})

t.test('session: a resume is asked per conversation and answered once', async (t) => {
  const { open, step, routed, counters } = createSessions()
  const device = await open('ann')
  const positions = ['r:a', 'r:b'].map((conversation) => ({ conversation, epoch: 1, seq: 0 }))
  device.say({ frame: 'resume', ref: 6, positions, limit: 10 })
  await step()
  t.match(
    routed.map(({ command }) => command),
    [
      { frame: 'resumeOne', conversation: 'r:a', limit: 10 },
      { frame: 'resumeOne', conversation: 'r:b' },
    ],
  )
  for (const { command, to } of routed) {
    const { conversation } = command
    to.reply({
      frame: 'onePage',
      page: { conversation, epoch: 1, head: 0, recovered: true, more: false, items: [] },
    })
  }
  await step()
  t.match(device.heard(), [{ frame: 'resumed', ref: 6, pages: [{ conversation: 'r:a' }, { conversation: 'r:b' }] }])
  t.equal(counters.resumes, 1)
})

t.test('session: who has not read what was sent is not given more pages', async (t) => {
  const { open, step, routed } = createSessions()
  const device = await open('ann')
  device.connection.backlog = 300 * 1024
  device.say({ frame: 'resume', ref: 6, positions: [{ conversation: 'r:a', epoch: 1, seq: 0 }], limit: 10 })
  await step()
  t.match(device.heard(), [{ frame: 'error', ref: 6, error: 'overloaded' }])
  t.same(routed, [])
})
