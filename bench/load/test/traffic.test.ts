import t from 'tap'
import { monotonic } from '../../monotonic.js'
import type { LoadClient } from '../load-client.js'
import type { Pattern, Pressure, Share } from '../orders.js'
import { sendersOf } from '../pattern.js'
import { readStamp, type Stamp } from '../stamp.js'
import { Traffic } from '../traffic.js'

interface Sent {
  readonly sender: number
  readonly to: string
  readonly number: number
  readonly content: Uint8Array
}

/** Clients that note what they send; `answer` plays the server. */
function world(count: number, answer: (sent: Sent) => void) {
  const sent: Sent[] = []
  const note = (sender: number, to: string, number: number, content: Uint8Array) => {
    const one = { sender, to, number, content: Uint8Array.from(content) }
    sent.push(one)
    answer(one)
  }
  const clients = Array.from({ length: count }, (_, at): LoadClient => {
    return {
      user: `user-${at}`,
      join: () => Promise.resolve(),
      sendDirect: (to, number, content) => note(at, to, number, content),
      sendGroup: (group, number, content) => note(at, group, number, content),
      echo: (number, content) => note(at, '', number, content),
      ...{ heartbeat: () => undefined, confirm: () => undefined, close: () => undefined },
    }
  })
  return { sent, clients }
}

const shareOf = (pattern: Pattern, pressure: Pressure, seconds: number): Share => ({
  ...{ plan: { pattern, pressure, seconds, bytes: 32 }, start: monotonic(), first: 1000, step: 2 },
})

t.test('traffic: direct messages go to the neighbour, both ways in turn, and are done when they arrive', async (t) => {
  const { sent, clients } = world(4, ({ sender, number, content }) => {
    setImmediate(() => {
      traffic.acked(sender, number)
      traffic.delivered(sender, content, 0, content.length)
      traffic.delivered(sender ^ 1, content, 0, content.length)
    })
  })
  const senders = sendersOf('direct', clients, [])
  const traffic = new Traffic(senders, shareOf('direct', { kind: 'closed', window: 4 }, 0.1))
  await traffic.run()
  t.same(
    sent.slice(0, 4).map(({ sender, to }) => `${sender} to ${to}`),
    ['0 to user-1', '2 to user-3', '1 to user-0', '3 to user-2'],
  )
  t.same(
    sent.slice(0, 3).map(({ number }) => number),
    [1000, 1002, 1004],
  )
  const { delivered, acked, complete } = traffic.counts()
  t.ok(complete > 8, 'what arrives makes room for more')
  t.equal(delivered, acked, 'the push to the sender itself is no delivery')
})

t.test('traffic: an open loop sends what is due, from its intended time, whatever becomes of it', async (t) => {
  const { sent, clients } = world(2, () => undefined)
  const share = shareOf('direct', { kind: 'open', rate: 200 }, 0.2)
  const traffic = new Traffic(sendersOf('direct', clients, []), share)
  await traffic.run()
  t.ok(sent.length >= 30 && sent.length <= 40, `${sent.length} of 40 were sent`)
  const stamp: Stamp = { number: 0, intended: 0 }
  const intended = sent.map(({ content }) => (readStamp(content, 0, stamp), stamp.intended - share.start))
  t.same(
    intended.map(Math.round),
    intended.map((_, at) => at * 5),
  )
  t.same(traffic.counts(), { sent: sent.length, acked: 0, delivered: 0, complete: 0 })
})

t.test(
  'traffic: a message to a group waits for every other member on this generator; others are counted too',
  async (t) => {
    const { sent, clients } = world(3, () => undefined)
    const groups = [{ name: 'g', members: [0, 1, 2] }]
    const traffic = new Traffic(
      sendersOf('group', clients, groups),
      shareOf('group', { kind: 'closed', window: 1 }, 0.02),
    )
    await traffic.run()
    t.equal(sent.length, 1)
    const content = sent[0]?.content ?? new Uint8Array()
    for (const at of [0, 1]) traffic.delivered(at, content, 0, content.length)
    t.match(traffic.counts(), { delivered: 1, complete: 0 })
    traffic.delivered(2, content, 0, content.length)
    t.match(traffic.counts(), { delivered: 2, complete: 1 })
    const foreign = Uint8Array.from(content)
    new DataView(foreign.buffer).setFloat64(0, 1001, true)
    traffic.delivered(0, foreign, 0, foreign.length)
    t.match(traffic.counts(), { delivered: 3, complete: 1 })
  },
)

t.test('traffic: what an earlier run sent is not counted', async (t) => {
  const { sent, clients } = world(2, () => undefined)
  const senders = sendersOf('echo', clients, [])
  const share = shareOf('echo', { kind: 'closed', window: 1 }, 0.02)
  await new Traffic(senders, share).run()
  const later = new Traffic(senders, { ...share, start: monotonic() + 1, first: share.first + 2 })
  const content = sent[0]?.content ?? new Uint8Array()
  later.delivered(0, content, 0, content.length)
  later.acked(0, share.first)
  t.match(later.counts(), { delivered: 0, acked: 0 })
})
