/** What a node believes about the others, and which view it wants for it. */
import t from 'tap'
import { ClusterState, viewWithout, wantedView } from '../cluster-state.js'
import type { Member, View } from '../membership.js'

const TIMING = { heartbeatMs: 500, suspicionMs: 3_000 }
const SHARDS = 8

const member = (node: string, more: Partial<Member> = {}): Member => ({
  node,
  incarnation: 1,
  version: 1,
  address: `${node}:1`,
  ready: true,
  ...more,
})

function viewOf(...members: Member[]): View {
  const view = members.reduce<View | null>((before, self) => wantedView(before, self, [], SHARDS), null)
  if (view === null) throw new Error('a view needs members')
  return view
}

t.test('cluster state: a member silent for the suspicion time is suspected, this node never', async (t) => {
  const state = new ClusterState(TIMING, 0)
  const view = viewOf(member('a'), member('b'), member('c'))
  state.noteView(view, 0)
  state.heard('b', 1, 2_000)
  t.same(state.suspects(view, 'a', 3_000), [])
  t.same(state.suspects(view, 'a', 3_001), ['c'])
  t.same(state.suspects(view, 'a', 5_001), ['b', 'c'])
})

t.test('cluster state: a member that comes into the view has a full term to be heard', async (t) => {
  const state = new ClusterState(TIMING, 0)
  state.noteView(viewOf(member('a')), 0)
  const view = viewOf(member('a'), member('b'))
  state.noteView(view, 10_000)
  t.same(state.suspects(view, 'a', 13_000), [])
  t.same(state.suspects(view, 'a', 13_001), ['b'])
})

t.test('cluster state: a heartbeat of an earlier life does not count', async (t) => {
  const state = new ClusterState(TIMING, 0)
  const view = viewOf(member('a'), member('b', { incarnation: 5 }))
  state.noteView(view, 0)
  state.heard('b', 4, 2_900)
  t.same(state.suspects(view, 'a', 3_001), ['b'])
})

t.test('cluster state: a node that stood still suspects nobody for it', async (t) => {
  const state = new ClusterState(TIMING, 0)
  const view = viewOf(member('a'), member('b'))
  state.noteView(view, 0)
  t.notOk(state.tick(500))
  t.notOk(state.tick(2_000), 'a late tick is no stall yet')
  t.ok(state.tick(10_000))
  t.same(state.suspects(view, 'a', 10_000), [])
  t.notOk(state.tick(10_500))
  t.same(state.suspects(view, 'a', 13_001), ['b'])
})

t.test('cluster state: the wanted view has this node in it, and those who are not gone', async (t) => {
  const first = wantedView(null, member('b'), [], SHARDS)
  t.match(first, { number: 1, members: [{ node: 'b' }] })
  const second = wantedView(first, member('a'), [], SHARDS)
  t.match(second, { number: 2, members: [{ node: 'a' }, { node: 'b' }] })
  t.match(wantedView(second, member('a'), ['b'], SHARDS), { number: 3, members: [{ node: 'a' }] })
})

t.test('cluster state: nothing is wanted when nothing would change', async (t) => {
  const view = viewOf(member('a'), member('b'))
  t.equal(wantedView(view, member('a'), [], SHARDS), null)
  t.equal(wantedView(view, member('a'), ['z'], SHARDS), null)
})

t.test('cluster state: a new life, a drain, a version or an address of a member makes a new view', async (t) => {
  const view = viewOf(member('a'), member('b'))
  for (const change of [{ incarnation: 2 }, { ready: false }, { version: 2 }, { address: 'elsewhere:1' }])
    t.match(wantedView(view, member('b', change), [], SHARDS), { number: 3, members: [{ node: 'a' }, change] })
})

t.test('cluster state: a node leaves a view it is in, and no other', async (t) => {
  const view = viewOf(member('a'), member('b'))
  t.match(viewWithout(view, 'a', SHARDS), { number: 3, members: [{ node: 'b' }] })
  t.equal(viewWithout(view, 'z', SHARDS), null)
  t.equal(viewWithout(null, 'a', SHARDS), null)
})
