import t from 'tap'
import { contentOf, Notes } from '../../../peers/test/exchange.js'
import { rookerySystem } from '../../../rookery-system.js'
import { withSystem } from '../../../system.js'
import { rookery } from '../rookery.js'

const USERS = ['alice', 'bob', 'carol'] as const

t.test('rookery: load clients exchange messages, every one is acked, and each arrives once', async (t) => {
  process.env['TMPDIR'] = t.testdir({})
  await withSystem(rookerySystem, { nodes: 1 }, async (running) => {
    const notes = new Notes(USERS)
    const clients = await Promise.all(USERS.map((user, at) => rookery.connect(running.target, user, at, notes)))
    const [alice, bob, carol] = clients
    const expected = async (events: string[], what: string) =>
      t.same(await notes.take(events.length), events.sort(), what)

    alice?.sendDirect('bob', 1, contentOf(1))
    await expected(['acked alice 1', 'delivered alice 1', 'delivered bob 1'], 'a direct message, also to its sender')

    for (const group of ['team', 'room']) {
      await Promise.all(clients.map((client) => client.join(group)))
      carol?.sendGroup(group, 2, contentOf(2))
      await expected(['acked carol 2', ...USERS.map((user) => `delivered ${user} 2`)], `a message to a ${group}`)
    }

    bob?.echo(3, contentOf(3))
    await expected(['acked bob 3'], 'an echo is a ping')

    for (const client of clients) client.confirm()
    await running.settled?.()
    t.ok(running.memory() > 1_000_000)
    for (const client of [bob, carol]) client?.close()
    await running.stop()
    t.match(await notes.take(1), [/^lost alice /], 'lost is who did not close')
  })
})
