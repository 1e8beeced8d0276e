/** How nodes keep each other's online users: by numbered changes, and by a snapshot when one is missing. */
import t from 'tap'
import type { NodeId } from '../bus.js'
import { DirectorySync } from '../directory-sync.js'
import { DirectoryTable } from '../directory-table.js'
import { createNet } from './link-fixture.js'
import type { Heard } from './link-fixture.js'

async function createPair() {
  const world = createNet()
  const join = async (node: NodeId) => {
    const take = ({ from, incarnation, envelope }: Heard): void => {
      if (envelope.type === 'directory') sync.take(from, incarnation, envelope)
      if (envelope.type === 'directoryAsk') sync.answer(from)
    }
    const peer = await world.join(node, take)
    const directory = new DirectoryTable()
    const online = new Set<string>()
    const repaired: NodeId[] = []
    const sync = new DirectorySync({
      node,
      clock: world.clock,
      directory,
      links: peer.links,
      users: () => online,
      repaired: (from) => void repaired.push(from),
    })
    const enter = (...users: string[]): void => {
      for (const user of users) {
        online.add(user)
        sync.enter(user)
      }
    }
    const leave = (...users: string[]): void => {
      for (const user of users) {
        online.delete(user)
        sync.leave(user)
      }
    }
    const flush = async (): Promise<void> => {
      sync.flush()
      await world.step()
    }
    const nodesOf = (user: string): NodeId[] => {
      const nodes = new Set<NodeId>()
      directory.nodesOf(user, nodes)
      return [...nodes]
    }
    return { ...peer, peer, sync, repaired, enter, leave, flush, nodesOf }
  }
  return { ...world, a: await join('a'), b: await join('b') }
}

t.test('directory sync: who comes and goes on one node is known on the other', async (t) => {
  const { a, b } = await createPair()
  a.enter('ann', 'bob')
  await a.flush()
  t.same([a.nodesOf('ann'), b.nodesOf('ann'), b.nodesOf('bob')], [['a'], ['a'], ['a']])
  a.leave('ann')
  await a.flush()
  t.same([a.nodesOf('ann'), b.nodesOf('ann'), b.nodesOf('bob')], [[], [], ['a']])
  t.same(b.repaired, [])
})

t.test('directory sync: who leaves and enters in one turn is nothing to tell', async (t) => {
  const { a, b } = await createPair()
  a.enter('ann')
  a.leave('ann')
  await a.flush()
  t.equal(a.sync.number, 0)
  a.enter('ann')
  await a.flush()
  a.leave('ann')
  a.enter('ann')
  await a.flush()
  t.equal(a.sync.number, 1)
  t.same(b.nodesOf('ann'), ['a'])
})

t.test('directory sync: a change after one that was lost brings a snapshot', async (t) => {
  const { a, b, net } = await createPair()
  net.losing = true
  a.enter('ann')
  await a.flush()
  net.losing = false
  t.same(b.nodesOf('ann'), [])
  a.enter('bob')
  await a.flush()
  t.same([b.nodesOf('ann'), b.nodesOf('bob')], [['a'], ['a']])
  t.same(b.repaired, ['a'], 'what was missed meanwhile is announced')
  a.leave('ann')
  await a.flush()
  t.same(b.nodesOf('ann'), [], 'and the numbers go on from there')
})

t.test('directory sync: a heartbeat with a higher number brings a snapshot, too', async (t) => {
  const { a, b, net, step } = await createPair()
  a.enter('ann')
  await a.flush()
  net.losing = true
  a.leave('ann')
  await a.flush()
  net.losing = false
  b.sync.check('a', 1, 1)
  await step()
  t.same(b.nodesOf('ann'), ['a'])
  b.sync.check('a', 1, a.sync.number)
  await step()
  t.same(b.nodesOf('ann'), [])
  t.same(b.repaired, ['a'])
})

t.test('directory sync: a lost question is asked again, but not at every heartbeat', async (t) => {
  const { a, b, net, step, clock } = await createPair()
  net.losing = true
  a.enter('ann')
  await a.flush()
  b.sync.check('a', 1, 1)
  await step()
  net.losing = false
  b.sync.check('a', 1, 1)
  await step()
  t.same(b.nodesOf('ann'), [])
  await clock.run(clock.now() + 1_000)
  b.sync.check('a', 1, 1)
  await step()
  t.same(b.nodesOf('ann'), ['a'])
})

t.test('directory sync: a snapshot of very many users comes in parts', async (t) => {
  const { a, b, net, step } = await createPair()
  const users = Array.from({ length: 12_000 }, (_, i) => `user${String(i)}`)
  net.losing = true
  a.enter(...users)
  await a.flush()
  t.equal(a.sync.number, 3)
  net.losing = false
  b.sync.check('a', 1, 3)
  await step()
  t.ok(users.every((user) => b.nodesOf(user).length === 1))
  t.same(b.repaired, ['a'])
})

t.test('directory sync: a node with nobody answers with an empty snapshot', async (t) => {
  const { a, b, step } = await createPair()
  a.enter('ann')
  await a.flush()
  a.leave('ann')
  a.sync.answer('b')
  await step()
  t.same(b.nodesOf('ann'), [])
  t.same(b.repaired, ['a'])
})

t.test('directory sync: a new life of a node begins with nobody', async (t) => {
  const { a, b, step } = await createPair()
  a.enter('ann')
  await a.flush()
  a.peer.incarnation = 2
  a.leave('ann')
  b.sync.check('a', 2, 0)
  t.same(b.nodesOf('ann'), [])
  a.enter('bob')
  await a.flush()
  await step()
  t.same([b.nodesOf('ann'), b.nodesOf('bob')], [[], ['a']])
})

t.test('directory sync: what an earlier life of a node said changes nothing', async (t) => {
  const { b, step } = await createPair()
  b.sync.take('a', 2, { type: 'directory', number: 1, reset: false, entered: ['ann'], left: [] })
  b.sync.take('a', 1, { type: 'directory', number: 2, reset: false, entered: ['old'], left: ['ann'] })
  b.sync.take('a', 1, { type: 'directory', number: 2, reset: true, entered: ['old'], left: [] })
  await step()
  t.same([b.nodesOf('ann'), b.nodesOf('old')], [['a'], []])
})

t.test('directory sync: a node out of the view is forgotten, and begins afresh when it is back', async (t) => {
  const { a, b, step } = await createPair()
  a.enter('ann')
  await a.flush()
  b.sync.forget('a')
  t.same(b.nodesOf('ann'), [])
  b.sync.check('a', 1, a.sync.number)
  await step()
  t.same(b.nodesOf('ann'), ['a'])
})
