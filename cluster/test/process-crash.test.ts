/**
 * Crashes: what happens to messages when a node, nats-server or Postgres goes away in the middle of a conversation. Three real
 * nodes, real servers, clients that go on by themselves; every acked message must be everywhere, once and in order.
 */
import t, { type Test } from 'tap'
import { directConversation, RookeryError, type ConversationId } from '../../protocol/client/index.js'
import { v7 } from 'uuid'
import type { Person } from './process-person.js'
import { checkTraffic, Talker } from './process-traffic.js'
import { until } from './process-until.js'
import { ProcessWorld } from './process-world.js'

const world = await ProcessWorld.start(3)
t.teardown(() => world.stop())

interface Scene {
  readonly people: readonly Person[]
  /** One of two of them; a group of all is the other subject of their talk. */
  readonly conversation: ConversationId
  readonly talkers: readonly Talker[]
  /** Resolves when each talker has so many more acks than now. */
  acks(more: number): Promise<void>
}

/** Three people, on any node, talk without a pause: two of them to each other, all in a group. */
async function scene(name: string): Promise<Scene> {
  const people = await Promise.all(['a', 'b', 'c'].map((letter) => world.person(`${name}-${letter}`, world.nodes)))
  const [first, second] = people as [Person, Person]
  const conversation = directConversation(first.user, second.user)
  const group = `g:${v7()}`
  await first.client.create(group, { users: people.slice(1).map(({ user }) => user) })
  const pairs = [first, second].map((person) => new Talker(person, conversation))
  const talkers = [...pairs, ...people.map((person) => new Talker(person, group))]
  const acks = async (more: number): Promise<void> => {
    const wanted = talkers.map(({ acked }) => acked.length + more)
    const done = () => talkers.every(({ acked }, i) => acked.length >= (wanted[i] ?? 0))
    await until(`${String(more)} more acks for everybody`, done, 45_000)
  }
  await acks(20)
  return { people, conversation, talkers, acks }
}

async function end(t: Test, { talkers, people }: Scene): Promise<void> {
  await checkTraffic(t, talkers)
  for (const person of people) t.strictSame(person.unrecovered, [], 'nobody was told that something is gone')
  await Promise.all(people.map((person) => person.client.close()))
}

t.test('crash: the owner of a conversation is killed and started again, nothing acked is lost', async (t) => {
  const talk = await scene('owner')
  const owner = await world.ownerOf(talk.conversation)
  await owner.kill()
  await talk.acks(20)
  await owner.start()
  await world.settled()
  await talk.acks(20)
  await end(t, talk)
})

t.test('crash: a node is back before the others have noticed that it was gone', async (t) => {
  const talk = await scene('quick')
  const owner = await world.ownerOf(talk.conversation)
  await owner.kill()
  await owner.start()
  await world.settled()
  await talk.acks(20)
  await end(t, talk)
})

t.test('crash: all nodes are killed at once and started again', async (t) => {
  const talk = await scene('all')
  await Promise.all(world.nodes.map((node) => node.kill()))
  await Promise.all(world.nodes.map((node) => node.start()))
  await world.settled()
  await talk.acks(20)
  await end(t, talk)
})

t.test('crash: nats-server is killed and started again, nothing acked is lost', async (t) => {
  const talk = await scene('nats')
  await world.killNats()
  let acked = false
  const late = (talk.people[0] as Person).client
    .send(talk.conversation, { content: 'outage 0' })
    .finally(() => (acked = true))
  for (const node of world.nodes) await until('the node notices', async () => (await node.status()).state === 'frozen')
  t.notOk(acked, 'nothing is acked without a journal')
  await world.restartNats()
  t.ok((await late).seq > 0, 'what was sent during the outage is acked in the end')
  await world.settled()
  await talk.acks(20)
  await end(t, talk)
})

t.test('crash: while Postgres is away known conversations go on and unknown ones answer temporary', async (t) => {
  const before = await world.person('sleeper', world.nodes)
  const talk = await scene('postgres')
  await world.postgres.stop()
  await talk.acks(50)
  const unknown = directConversation('sleeper', 'stranger')
  const reply = await world.api(world.node(0), 'POST', '/publish', {
    conversation: unknown,
    sender: 'sleeper',
    content: 'anybody?',
  })
  t.match(reply, { status: 503, json: { error: { name: 'temporary' } } })
  const late = before.client.send(unknown, { content: 'anybody?' })
  await world.restartPostgres()
  t.ok((await late).seq > 0, 'and is acked when it is back')
  await talk.acks(20)
  await end(t, talk)
  await t.resolves(before.client.close())
})

t.test('crash: the Postgres of the cluster is killed in the middle of archiving', async (t) => {
  const talk = await scene('archive')
  await world.postgres.kill()
  await talk.acks(20)
  await world.restartPostgres()
  await talk.acks(20)
  await end(t, talk)
})

t.test('crash: a send that may not wait is told that its outcome is unknown', async (t) => {
  const hasty = await world.person('hasty', world.nodes, { sendTimeout: 1_500 })
  const patient = await world.person('hasty', world.nodes, { device: 'tablet' })
  const conversation = directConversation('hasty', 'other')
  await patient.client.send(conversation, { content: 'one' })
  await world.killNats()
  const error: unknown = await hasty.client.send(conversation, { content: 'two' }).catch((reason: unknown) => reason)
  t.ok(error instanceof RookeryError && error.temporary, 'a temporary error')
  await world.restartNats()
  await world.settled()
  await patient.client.send(conversation, { content: 'three' })
  const texts = (await hasty.history(conversation)).map((entry) => entry.text)
  t.ok(['one,three', 'one,two,three'].includes(texts.join()), 'and is stored once or not at all')
})
