/** The ring by properties: bounds, stability, least movement; hashring from npm as the oracle for how evenly it spreads. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import t from 'tap'
import type { Member } from '../membership.js'
import { assign, nextView } from '../ring.js'

interface Oracle {
  get(key: string): string
}
const require = createRequire(import.meta.url)
const HashRing = require('hashring') as new (nodes: string[]) => Oracle

const membersOf = (nodes: readonly string[]) => nodes.map((node) => ({ node, ready: true }))
const ownersOf = (shards: number, nodes: readonly string[], previous: readonly (string | null)[] = []) =>
  assign(shards, membersOf(nodes), previous).map((owner) => nodes[owner] ?? null)

function loadsOf(owners: readonly (string | null)[]): Map<string | null, number> {
  const loads = new Map<string | null, number>()
  for (const owner of owners) loads.set(owner, (loads.get(owner) ?? 0) + 1)
  return loads
}

const movedBetween = (before: readonly (string | null)[], after: readonly (string | null)[]) =>
  before.flatMap((owner, shard) => (owner === after[shard] ? [] : [shard]))

const shardCounts = fc.constantFrom(1, 4, 64, 256)
const nodeNames = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 12 })

t.test('ring: without a ready member nobody owns anything', async (t) => {
  t.same(assign(4, [], []), [-1, -1, -1, -1])
  t.same(assign(2, [{ node: 'a', ready: false }], ['a', 'a']), [-1, -1])
})

t.test('ring: the table is the same in every process', async (t) => {
  t.same(ownersOf(16, ['a', 'b', 'c']).join(''), 'cbaccabaacbabbaa')
})

t.test('ring: no node is above the bound, and every shard has a ready owner', async () => {
  const property = fc.property(shardCounts, fc.array(nodeNames, { minLength: 1, maxLength: 5 }), (shards, history) => {
    let owners: (string | null)[] = []
    for (const nodes of history) {
      owners = ownersOf(shards, nodes, owners)
      assert.ok(owners.every((owner) => owner !== null && nodes.includes(owner)))
      const bound = Math.ceil((1.25 * shards) / nodes.length)
      for (const [node, load] of loadsOf(owners)) assert.ok(load <= bound, `${node} has ${load} of at most ${bound}`)
    }
  })
  fc.assert(property, { numRuns: 100 })
})

t.test('ring: the same members again move nothing', async () => {
  const property = fc.property(shardCounts, fc.array(nodeNames, { minLength: 1, maxLength: 4 }), (shards, history) => {
    let owners: (string | null)[] = []
    for (const nodes of history) owners = ownersOf(shards, nodes, owners)
    assert.deepEqual(ownersOf(shards, history.at(-1) ?? [], owners), owners)
  })
  fc.assert(property, { numRuns: 100 })
})

t.test('ring: the order of the members does not matter', async () => {
  const property = fc.property(shardCounts, nodeNames, (shards, nodes) => {
    assert.deepEqual(ownersOf(shards, [...nodes].reverse()), ownersOf(shards, nodes))
  })
  fc.assert(property, { numRuns: 50 })
})

t.test('ring: a node that leaves or drains loses its shards, and no other shard moves', async () => {
  const property = fc.property(shardCounts, nodeNames, fc.nat(), fc.boolean(), (shards, nodes, pick, drains) => {
    if (nodes.length < 2) return
    const before = ownersOf(shards, nodes)
    const gone = nodes[pick % nodes.length] as string
    const members = nodes.map((node) => ({ node, ready: node !== gone })).filter(({ ready }) => ready || drains)
    const after = assign(shards, members, before).map((owner) => members[owner]?.node ?? null)
    for (const shard of movedBetween(before, after)) assert.equal(before[shard], gone)
    assert.ok(!after.includes(gone))
  })
  fc.assert(property, { numRuns: 100 })
})

t.test(
  'ring: a node that comes takes its share, and only what the lower bound forces moves between others',
  async () => {
    const property = fc.property(shardCounts, nodeNames, (shards, nodes) => {
      if (nodes.length < 2) return
      const newcomer = nodes.at(-1) as string
      const before = ownersOf(shards, nodes.slice(0, -1))
      const after = ownersOf(shards, nodes, before)
      const bound = Math.ceil((1.25 * shards) / nodes.length)
      const forced = [...loadsOf(before).values()].reduce((sum, load) => sum + Math.max(0, load - bound), 0)
      const moved = movedBetween(before, after)
      const taken = moved.filter((shard) => after[shard] === newcomer)
      assert.ok(taken.length <= bound)
      assert.ok(moved.length - taken.length <= forced, `${moved.length - taken.length} moved, ${forced} forced`)
    })
    fc.assert(property, { numRuns: 100 })
  },
)

t.test('ring: a node that comes to N takes about 1/N of the shards', async (t) => {
  for (const count of [2, 4, 8, 16]) {
    let moved = 0
    const trials = 20
    for (let trial = 0; trial < trials; trial++) {
      const nodes = Array.from({ length: count }, (_, i) => `node-${trial}-${i}`)
      const before = ownersOf(256, nodes.slice(0, -1))
      moved += movedBetween(before, ownersOf(256, nodes, before)).length
    }
    const share = moved / trials / 256
    t.ok(share > 0.6 / count && share < 1.6 / count, `${share.toFixed(3)} of the shards move to node ${count}`)
  }
})

t.test('ring: it spreads within a tenth as evenly as hashring, which has 160 points a node', async (t) => {
  const worst = (loads: Map<string | null, number>, average: number) => Math.max(...loads.values()) / average
  for (const count of [3, 5, 8]) {
    let ours = 0
    let theirs = 0
    for (let trial = 0; trial < 10; trial++) {
      const nodes = Array.from({ length: count }, (_, i) => `10.0.${trial}.${i}:7000`)
      const oracle = new HashRing(nodes)
      const keys = Array.from({ length: 1024 }, (_, shard) => oracle.get(`shard/${shard}`))
      ours += worst(loadsOf(ownersOf(1024, nodes)), 1024 / count) / 10
      theirs += worst(loadsOf(keys), 1024 / count) / 10
    }
    t.ok(ours <= theirs * 1.1, `largest load of ${count} nodes: ${ours.toFixed(2)}, hashring ${theirs.toFixed(2)}`)
  }
})

const memberOf = (node: string, more: Partial<Member> = {}): Member => ({
  node,
  incarnation: 1,
  version: 1,
  address: `${node}:7000`,
  ready: true,
  ...more,
})

t.test('next view: it is numbered, ordered, and of the lowest version', async (t) => {
  const first = nextView(null, [memberOf('b', { version: 3 }), memberOf('a', { version: 2 })], 8)
  t.match(first, { number: 1, version: 2, members: [{ node: 'a' }, { node: 'b' }] })
  t.equal(first.owners.length, 8)
  const second = nextView(first, [memberOf('b', { version: 3 }), memberOf('c', { version: 4 })], 8)
  t.match(second, { number: 2, version: 3, members: [{ node: 'b' }, { node: 'c' }] })
})

t.test('next view: a node that restarted keeps its shards', async (t) => {
  const first = nextView(null, [memberOf('a'), memberOf('b')], 8)
  const second = nextView(first, [memberOf('a'), memberOf('b', { incarnation: 2 })], 8)
  t.same(second.owners, first.owners)
})

t.test('next view: without members nobody owns, and the next member gets all', async (t) => {
  const none = nextView(nextView(null, [memberOf('a')], 2), [], 2)
  t.same(none.owners, [-1, -1])
  t.same(nextView(none, [memberOf('b')], 2).owners, [0, 0])
})

t.test('next view: another number of shards is refused', async (t) => {
  const first = nextView(null, [memberOf('a')], 8)
  t.throws(() => nextView(first, [memberOf('a')], 16), /has 8 shards, not 16/)
})
