/** Nodes of a cluster on virtual time: who is in, who proposes, and when nobody is judged. */
import t from 'tap'
import type { NodeId } from '../bus.js'
import { VirtualClock } from '../clock-virtual.js'
import { Cluster } from '../cluster.js'
import { silent } from '../logger.js'
import { MemoryMembershipStore } from '../membership-memory.js'
import type { View } from '../membership.js'

const SHARDS = 8
const HEARTBEAT_MS = 500
const SUSPICION_MS = 3_000

function createClusters() {
  const clock = new VirtualClock()
  const store = new MemoryMembershipStore({ clock, random: () => 0.5 })
  const nodes = new Map<NodeId, Cluster>()
  const proposals: string[] = []
  /** Heartbeats of these nodes reach nobody. */
  const mute = new Set<NodeId>()

  const join = async (node: NodeId, shards = SHARDS) => {
    const views: View[] = []
    const news: string[] = []
    const membership = store.membership(node)
    const cluster: Cluster = new Cluster({
      node,
      address: `${node}:1`,
      shards,
      timing: { heartbeatMs: HEARTBEAT_MS, suspicionMs: SUSPICION_MS },
      clock,
      random: () => 0.5,
      log: silent,
      membership: {
        ...membership,
        propose: (view) => {
          proposals.push(`${node} ${String(view.number)}`)
          return membership.propose(view)
        },
      },
      beat: (view) => {
        if (mute.has(node)) return
        const heartbeat = { type: 'heartbeat', view, sessions: 0, directory: 0, sent: {} } as const
        for (const [peer, other] of nodes) if (peer !== node) other.heard(node, cluster.incarnation, heartbeat)
      },
      viewChanged: (view) => void views.push(view),
      expelled: () => void news.push('expelled'),
      stalled: () => void news.push('stalled'),
    })
    nodes.set(node, cluster)
    await cluster.start()
    return { cluster, views, news, membersOf: () => cluster.newest?.members.map((member) => member.node) ?? [] }
  }
  const wait = (ms: number): Promise<void> => clock.run(clock.now() + ms)
  return { clock, store, nodes, mute, proposals, join, wait }
}

t.test('cluster: nodes that start are in one view, and every shard has one owner', async (t) => {
  const { join, wait } = createClusters()
  const a = await join('a')
  t.same(a.membersOf(), ['a'])
  const b = await join('b')
  await wait(HEARTBEAT_MS)
  t.same(
    [a.membersOf(), b.membersOf()],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
  for (let shard = 0; shard < SHARDS; shard++) {
    t.not(a.cluster.owns(shard), b.cluster.owns(shard))
    t.equal(a.cluster.ownerOf(shard), b.cluster.ownerOf(shard))
  }
  t.ok(a.cluster.isMember('b'))
  t.notOk(a.cluster.isMember('c'))
})

t.test('cluster: a node set to another number of shards does not start', async (t) => {
  const { join } = createClusters()
  const a = await join('a')
  await t.rejects(join('b', 16), { message: 'the cluster has 8 shards, this node is set to 16' })
  t.same(a.membersOf(), ['a'])
})

t.test('cluster: views come to a node rising, each once', async (t) => {
  const { join, wait } = createClusters()
  const a = await join('a')
  await join('b')
  await join('c')
  await wait(5_000)
  t.same(
    a.views.map(({ number }) => number),
    [1, 2, 3],
  )
})

t.test('cluster: a silent node is put out by the first live member alone', async (t) => {
  const { join, wait, nodes, proposals } = createClusters()
  const a = await join('a')
  const b = await join('b')
  const c = await join('c')
  await wait(1_000)
  proposals.length = 0
  a.cluster.halt()
  nodes.delete('a')
  await wait(SUSPICION_MS)
  t.same(b.membersOf(), ['a', 'b', 'c'])
  await wait(2 * HEARTBEAT_MS)
  t.same(
    [b.membersOf(), c.membersOf()],
    [
      ['b', 'c'],
      ['b', 'c'],
    ],
  )
  t.same(proposals, ['b 4'])
})

t.test('cluster: who was taken for dead hears of it, and comes back as another life', async (t) => {
  const { join, wait, mute } = createClusters()
  const a = await join('a')
  const b = await join('b')
  const before = b.cluster.incarnation
  mute.add('b')
  await wait(SUSPICION_MS + HEARTBEAT_MS)
  t.same(b.news, ['expelled'])
  t.ok(b.cluster.incarnation > before)
  mute.clear()
  await wait(3 * HEARTBEAT_MS)
  t.same(
    [a.membersOf(), b.membersOf()],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
  t.same(b.news, ['expelled'])
})

t.test('cluster: an expelled node owns nothing', async (t) => {
  const { join, store, wait } = createClusters()
  const a = await join('a')
  t.ok(a.cluster.owns(0))
  const newest = a.cluster.newest
  if (newest === null) throw new Error('no view')
  const other = { ...newest, number: newest.number + 1, members: [{ ...newest.members[0], incarnation: 1 }] }
  await store.membership('z').propose(other as View)
  await wait(0)
  t.same(a.news, ['expelled'])
  t.notOk(a.cluster.owns(0), 'the view names another life of it')
  await wait(2 * HEARTBEAT_MS)
  t.ok(a.cluster.owns(0))
})

t.test('cluster: while its line is down a node keeps its view and judges nobody', async (t) => {
  const { join, wait, mute, store } = createClusters()
  const a = await join('a')
  await join('b')
  await wait(HEARTBEAT_MS)
  a.cluster.line(false)
  t.ok(a.cluster.frozen)
  store.lines.cut('a')
  mute.add('b')
  await wait(60_000)
  t.same(a.membersOf(), ['a', 'b'])
  t.same(a.news, [])
})

t.test('cluster: when its line is back a node trusts everybody for another term', async (t) => {
  const { join, wait, nodes, store } = createClusters()
  const b = await join('b')
  const c = await join('c')
  await wait(HEARTBEAT_MS)
  for (const [node, { cluster }] of [
    ['b', b],
    ['c', c],
  ] as const) {
    cluster.line(false)
    store.lines.cut(node)
  }
  nodes.delete('b')
  await wait(30_000)
  store.lines.heal('c')
  c.cluster.line(true)
  await wait(SUSPICION_MS - HEARTBEAT_MS)
  t.same(c.membersOf(), ['b', 'c'])
  t.notOk(c.cluster.frozen)
})

t.test('cluster: a heartbeat that knows a newer view makes a node look for it', async (t) => {
  const { join, wait, store, clock } = createClusters()
  const a = await join('a')
  store.faults = { watchDelay: () => 60_000 }
  const b = await join('b')
  t.equal(b.cluster.view, 2)
  t.equal(a.cluster.view, 1)
  let reached = 0
  a.cluster.whenAtLeast(1, () => (reached = 1))
  t.equal(reached, 1, 'at once for a view that is known')
  await wait(HEARTBEAT_MS)
  t.equal(a.cluster.view, 2)
  a.cluster.whenAtLeast(3, () => (reached = 3))
  await clock.run(clock.now())
  t.equal(reached, 1)
  await join('c')
  await wait(HEARTBEAT_MS)
  t.equal(reached, 3)
})

t.test('cluster: a node that steps down gives its shards away, and one that leaves is out at once', async (t) => {
  const { join, wait } = createClusters()
  const a = await join('a')
  const b = await join('b')
  await b.cluster.stepDown()
  await wait(0)
  t.same(a.membersOf(), ['a', 'b'])
  for (let shard = 0; shard < SHARDS; shard++) t.ok(a.cluster.owns(shard))
  await b.cluster.leave()
  await wait(5_000)
  t.same(a.membersOf(), ['a'])
  t.same(b.news, [])
})

t.test('cluster: a node that cannot reach the store goes on with the view it has', async (t) => {
  const { join, wait, store } = createClusters()
  const a = await join('a')
  store.interrupt()
  await wait(30_000)
  t.same(a.membersOf(), ['a'])
  store.restore()
  await join('b')
  await wait(HEARTBEAT_MS)
  t.same(a.membersOf(), ['a', 'b'])
})
