/** Links between nodes: what arrives, what is noticed when something does not, and what is packed together. */
import t from 'tap'
import { Writer } from '../../protocol/msgpack.js'
import { encodeEnvelope } from '../envelope.js'
import type { Envelope } from '../envelope.js'
import { createNet, envelopesOf } from './link-fixture.js'
import type { Peer } from './link-fixture.js'

const entered = (user: string): Envelope => ({ type: 'directory', number: 1, reset: false, entered: [user], left: [] })
const usersOf = (peer: Peer): string[] =>
  envelopesOf(peer).flatMap((envelope) => (envelope.type === 'directory' ? envelope.entered : []))

async function createPair() {
  const world = createNet()
  return { ...world, a: await world.join('a'), b: await world.join('b') }
}

t.test('links: what is posted in one turn leaves as one bus message, in order', async (t) => {
  const { a, b, step } = await createPair()
  for (const user of ['x', 'y', 'z']) a.links.post('b', entered(user))
  await step()
  t.same(usersOf(b), ['x', 'y', 'z'])
  t.equal(b.counters.busMessagesIn, 1)
  t.same(a.links.sent(), { b: 1 })
  a.links.post('b', entered('w'))
  await step()
  t.same(a.links.sent(), { b: 2 })
  t.same(b.gaps, [])
})

t.test('links: envelopes above the size of a bus message leave in several, in order', async (t) => {
  const { a, b, step } = await createPair()
  const signal = (size: number): Envelope => ({
    type: 'signal',
    conversation: 'r:hall',
    sender: 'ann',
    name: 'n',
    data: new Uint8Array(size),
  })
  const sizes = [300_000, 300_000, 10, 3_000_000, 20]
  for (const size of sizes) a.links.post('b', signal(size))
  await step()
  t.same(
    envelopesOf(b).map((envelope) => envelope.type === 'signal' && envelope.data.length),
    sizes,
  )
  t.same(b.gaps, [])
  t.equal(a.counters.busMessagesOut, 8)
})

t.test('links: of an envelope that lost a piece nothing is taken, and it shows', async (t) => {
  const { a, b, net, step } = await createPair()
  const users = Array.from({ length: 100_000 }, (_, i) => `user-${String(i)}`)
  net.losing = true
  a.links.post('b', { type: 'directory', number: 1, reset: true, entered: users, left: [] })
  net.losing = false
  a.links.post('b', entered('x'))
  await step()
  t.same(usersOf(b), ['x'])
  t.same(b.gaps, ['a'])
  t.same(b.faults, [])
})

t.test('links: a lost message shows with the next one', async (t) => {
  const { a, b, net, step } = await createPair()
  a.links.post('b', entered('x'))
  await step()
  net.losing = true
  a.links.post('b', entered('lost'))
  await step()
  net.losing = false
  t.same(b.gaps, [])
  a.links.post('b', entered('y'))
  await step()
  t.same(b.gaps, ['a'])
  t.same(usersOf(b), ['x', 'y'])
  a.links.post('b', entered('z'))
  await step()
  t.same(b.gaps, ['a'], 'once is enough')
})

t.test('links: a lost last message shows with the heartbeat', async (t) => {
  const { a, b, net, step } = await createPair()
  net.losing = true
  a.links.post('b', entered('lost'))
  await step()
  b.links.check('a', 1, a.links.sent()['b'] ?? 0)
  t.same(b.gaps, ['a'])
  b.links.check('a', 1, a.links.sent()['b'] ?? 0)
  t.same(b.gaps, ['a'])
  t.equal(b.counters.busGaps, 1)
})

t.test('links: what an earlier life of a peer sent is ignored', async (t) => {
  const { a, b, step } = await createPair()
  a.incarnation = 5
  a.links.post('b', entered('x'))
  await step()
  a.incarnation = 4
  a.links.post('b', entered('stale'))
  await step()
  t.same(usersOf(b), ['x'])
  b.links.check('a', 4, 100)
  t.same(b.gaps, [])
})

t.test('links: a new incarnation of a peer shows as a gap: the last messages of before may be lost', async (t) => {
  const { a, b, step } = await createPair()
  for (const user of ['x', 'y']) {
    a.links.post('b', entered(user))
    await step()
  }
  a.incarnation = 2
  a.links.post('b', entered('z'))
  await step()
  t.same(usersOf(b), ['x', 'y', 'z'])
  t.same(b.gaps, ['a'])
})

t.test('links: a peer heard first in the middle of its numbers has a gap', async (t) => {
  const { a, join, step } = await createPair()
  a.links.post('c', entered('early'))
  await step()
  const c = await join('c')
  a.links.post('c', entered('x'))
  await step()
  t.same(c.gaps, ['a'])
})

t.test('links: a broadcast reaches everybody else, without a number', async (t) => {
  const { a, b, join, step } = await createPair()
  const c = await join('c')
  a.links.broadcast({ type: 'directoryAsk' })
  await step()
  t.same([a, b, c].map(envelopesOf), [[], [{ type: 'directoryAsk' }], [{ type: 'directoryAsk' }]])
  t.same(a.links.sent(), {})
})

t.test('links: what cannot be read is logged, and what comes after is taken', async (t) => {
  const { a, b, hub, join, step } = await createPair()
  await join('c')
  const bus = hub.bus('c')
  for (const garbage of [[], [0xc1], [1, 0xa1], [...new Uint8Array(300).fill(0xdd)]])
    bus.send('b', new Uint8Array(garbage))
  a.links.post('b', entered('x'))
  await step()
  t.same(usersOf(b), ['x'])
  t.equal(b.faults.length, 4)
})

t.test('links: an envelope of a type from the future is passed over', async (t) => {
  const { a, b, step } = await createPair()
  const future = new Writer()
  future.uint(99)
  future.str('whatever')
  a.links.postEncoded('b', future.take())
  a.links.postEncoded('b', encodeEnvelope(entered('x')))
  await step()
  t.same(usersOf(b), ['x'])
  t.same(b.faults, [])
})

t.test('links: a message of another link version is passed over', async (t) => {
  const { b, hub, join, step } = await createPair()
  await join('c')
  hub.bus('c').send('b', new Uint8Array([2, 0xc1, 0xc1]))
  await step()
  t.same(b.heard, [])
  t.same(b.faults, [])
})
