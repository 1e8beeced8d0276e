/** How the owners of users hear of sessions: gathered per turn, and told again when there is a new owner. */
import t from 'tap'
import type { NodeId } from '../bus.js'
import type { Session } from '../session.js'
import { SessionRegistry } from '../session-registry.js'
import type { SessionRegistryParts } from '../session-registry.js'
import { createSessions } from './session-fixture.js'

/** Users are on the shard of their name's length; shard 3 is this node's, 5 is n2's, others are nobody's. */
async function createRegistry(more: Partial<SessionRegistryParts> = {}) {
  const { open, sessions } = createSessions()
  const told: { readonly to: NodeId; readonly text: string }[] = []
  const tell: SessionRegistryParts['post'] = (to, envelope) => {
    const names = envelope.sessions.map(({ user }) => user).join()
    told.push({ to, text: `${envelope.type === 'attach' ? 'attached' : 'detached'} ${names}` })
  }
  const registry = new SessionRegistry({
    node: 'n1',
    shardOf: (user) => user.length,
    ownerOf: (shard) => (shard === 3 ? 'n1' : shard === 5 ? 'n2' : null),
    sessions: () => sessions.all(),
    post: tell,
    take: tell,
    ...more,
  })
  const connect = async (user: string): Promise<Session> => (await open(user)).session
  return { registry, connect, told }
}

t.test('session registry: what came and went in a turn is told to each owner at once', async (t) => {
  const { registry, connect, told } = await createRegistry()
  for (const user of ['ann', 'alice', 'bob', 'nobody']) registry.came(await connect(user))
  const gone = await connect('carol')
  registry.went(gone)
  t.same(told, [])
  registry.flush()
  t.same(told, [
    { to: 'n1', text: 'attached ann,bob' },
    { to: 'n2', text: 'attached alice' },
    { to: 'n2', text: 'detached carol' },
  ])
  registry.flush()
  t.equal(told.length, 3)
})

t.test('session registry: a session is told with its number', async (t) => {
  const posted: unknown[] = []
  const { registry, connect } = await createRegistry({ post: (_to, envelope) => void posted.push(envelope) })
  const session = await connect('alice')
  registry.came(session)
  registry.flush()
  t.same(posted, [{ type: 'attach', sessions: [{ user: 'alice', device: 'phone', session: session.number }] }])
})

t.test('session registry: the new owner of a shard hears of its sessions again', async (t) => {
  const { registry, connect, told } = await createRegistry()
  for (const user of ['ann', 'alice', 'carol']) await connect(user)
  registry.moved(new Set([5]))
  t.same(told, [{ to: 'n2', text: 'attached alice,carol' }])
  registry.moved(new Set())
  registry.moved(new Set([6]))
  t.equal(told.length, 1)
})

t.test('session registry: an owner that missed something hears of all its sessions, others of none', async (t) => {
  const { registry, connect, told } = await createRegistry()
  for (const user of ['ann', 'alice', 'carol']) await connect(user)
  registry.repeat('n3')
  t.same(told, [])
  registry.repeat('n2')
  t.same(told, [{ to: 'n2', text: 'attached alice,carol' }])
})
