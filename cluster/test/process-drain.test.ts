/**
 * Orderly stops under load: a drained node hands its shards over and its clients reconnect elsewhere; a rolling restart of all
 * nodes loses nothing; several workers share one port.
 */
import t from 'tap'
import { v7 } from 'uuid'
import { CLOSE_CODES } from '../../protocol/close-codes.js'
import { directConversation } from '../../protocol/client/index.js'
import type { Person } from './process-person.js'
import { checkTraffic, Talker } from './process-traffic.js'
import { until } from './process-until.js'
import { ProcessWorld, SHARDS } from './process-world.js'

const world = await ProcessWorld.start(3)
t.teardown(() => world.stop())

/** Three people on any node talk in a group until the test ends it. */
async function talk(name: string) {
  const people = await Promise.all(['a', 'b', 'c'].map((letter) => world.person(`${name}-${letter}`, world.nodes)))
  const group = `g:${v7()}`
  await (people[0] as Person).client.create(group, { users: people.slice(1).map(({ user }) => user) })
  const talkers = people.map((person) => new Talker(person, group))
  const acks = async (more: number): Promise<void> => {
    const wanted = talkers.map(({ acked }) => acked.length + more)
    const done = () => talkers.every(({ acked }, i) => acked.length >= (wanted[i] ?? 0))
    await until(`${String(more)} more acks for everybody`, done, 45_000)
  }
  await acks(10)
  return { people, talkers, acks }
}

t.test('drain: on SIGTERM a node hands over its shards and its clients go on elsewhere', async (t) => {
  const leaving = world.node(1)
  const { talkers, acks } = await talk('drain')
  const others = world.nodes.filter((node) => node !== leaving)
  const watcher = await world.person('watcher', others)
  let picks = 0
  const guest = await world.person('guest', [leaving, ...others], { random: () => (picks++ === 0 ? 0 : 0.99) })
  const seen = new Set<string>()
  const look = async (): Promise<boolean> => {
    const [guest] = await watcher.client.presence(['guest'])
    seen.add(guest?.state ?? 'unknown')
    return guest?.state === 'online'
  }
  await until('the guest is seen online', look)
  seen.clear()
  const exit = leaving.stop()
  await until('the others serve every shard', async () => {
    await look()
    const statuses = await Promise.all(others.map((node) => node.status()))
    return statuses.reduce((sum, { owned }) => sum + owned.length, 0) === SHARDS
  })
  await acks(10)
  t.equal(await exit, 0)
  await until('the client of the node that left is online elsewhere', async () => {
    await look()
    return guest.client.counters.reconnects === 1
  })
  t.equal(guest.client.state, 'online')
  if (world.redis !== null) t.same([...seen], ['online'], 'and was so for others all the time')
  await checkTraffic(t, talkers)
  await leaving.start()
  await world.settled()
})

t.test('drain: a rolling restart of all nodes loses nothing', async (t) => {
  const { talkers, acks } = await talk('rolling')
  for (const node of world.nodes) {
    t.equal(await node.stop(), 0)
    await node.start()
    await world.settled()
    await acks(5)
  }
  await checkTraffic(t, talkers)
})

t.test('drain: workers share one port, and each is a node of the cluster', async (t) => {
  const pair = await world.makeNode('pair', {}, ['--workers', '2'])
  t.teardown(() => pair.kill())
  await pair.start()
  type Worker = { readonly worker: string; readonly pid: number; readonly node: { readonly sessions: number } | null }
  let workers: readonly Worker[] = []
  // The machine is ready with its first worker; the kernel spreads connections over those that listen.
  const bothAnswer = () =>
    until('both workers answer', async () => {
      workers = ((await pair.status()) as unknown as { workers: Worker[] }).workers
      return workers.every(({ node }) => node !== null)
    })
  await bothAnswer()
  const people: Person[] = []
  for (let i = 0; i < 12; i++) people.push(await world.person(`worker-${String(i)}`, pair))
  await bothAnswer()
  const nodes = new Set<string>()
  for (const { worker, node } of workers) if ((node?.sessions ?? 0) > 0) nodes.add(worker)
  t.strictSame([...nodes].sort(), ['pair-1', 'pair-2'], 'the kernel spreads connections over both')
  const [first, last] = [people[0], people.at(-1)] as [Person, Person]
  const conversation = directConversation(first.user, last.user)
  await first.client.send(conversation, { content: 'hello' })
  await last.has(conversation, 1)
  t.match(await pair.metrics(), /rookery_sessions\{.*worker="?pair-2/)
  t.equal(await pair.stop(), 0)
  for (const { pid } of workers) t.throws(() => process.kill(pid, 0), 'no worker is left')
  t.ok(people.every(({ closed }) => closed === null || closed.code === CLOSE_CODES.shutdown.code))
})
