import t from 'tap'
import type { Ability, System } from '../../system.js'
import { PEERS } from '../all.js'
import { connected, contentOf, missing, withSystem } from './exchange.js'

/** Whose server tells the sender that it took a message. */
const ACKING = new Set(['mosquitto', 'ejabberd'])
/** Whose `echo` is only an ack. */
const ECHOES_BY_ACK = new Set(['mosquitto', 'ejabberd'])
const USERS = ['alice', 'bob', 'carol'] as const
const ONE_NODE = { nodes: 1 }

const acked = (system: System, user: string, number: number) =>
  ACKING.has(system.name) ? [`acked ${user} ${number}`] : []

for (const system of PEERS) {
  t.test(`${system.name}: clients exchange messages, and each arrives once`, { skip: missing(system) }, async (t) => {
    await withSystem(t, system, ONE_NODE, async (running) => {
      const { clients, notes } = await connected(running, USERS)
      const [alice, bob, carol] = clients
      const expected = async (events: string[], what: string) =>
        t.same(await notes.take(events.length), events.sort(), what)

      alice?.sendDirect('bob', 1, contentOf(1))
      await expected([...acked(system, 'alice', 1), 'delivered bob 1'], 'a direct message')
      for (let number = 2; number < 12; number++) bob?.sendDirect('alice', number, contentOf(number))
      const ten = Array.from({ length: 10 }, (_, at) => [...acked(system, 'bob', at + 2), `delivered alice ${at + 2}`])
      await expected(ten.flat(), 'ten of one turn')

      await Promise.all(clients.map((client) => client.join('team')))
      bob?.sendGroup('team', 12, contentOf(12))
      await expected([...acked(system, 'bob', 12), ...USERS.map((user) => `delivered ${user} 12`)], 'a group message')

      alice?.echo(13, contentOf(13))
      await expected([`${ECHOES_BY_ACK.has(system.name) ? 'acked' : 'delivered'} alice 13`], 'an echo')

      bob?.sendDirect('carol', 14, contentOf(14, 40_000))
      await expected([...acked(system, 'bob', 14), 'delivered carol 14 of 40000 B'], 'a large message')

      for (const client of clients) client.heartbeat()
      t.ok(running.memory() > 1_000_000)
      t.ok(Object.values(running.usage()).every(({ memory }) => memory > 0))
      for (const client of [bob, carol]) client?.close()
      await running.stop()
      t.match(await notes.take(1), [/^lost alice /], 'lost is who did not close; nothing came twice')
    })
  })
}

const crossing: Ability = 'cross'
for (const system of PEERS.filter(({ abilities }) => abilities.includes(crossing))) {
  t.test(`${system.name}: messages cross three nodes, and each arrives once`, { skip: missing(system) }, async (t) => {
    await withSystem(t, system, { nodes: 3, env: { SOCKET_IO_ACKS: '1' } }, async (running) => {
      const { clients, notes } = await connected(running, USERS)
      await Promise.all(clients.map((client) => client.join('team')))
      clients[0]?.sendDirect('bob', 1, contentOf(1))
      t.same(await notes.take(2), ['acked alice 1', 'delivered bob 1'])
      clients[1]?.sendGroup('team', 2, contentOf(2))
      t.same(await notes.take(4), ['acked bob 2', ...USERS.map((user) => `delivered ${user} 2`)])
      t.match(running.usage(), { 'socket.io-3': {}, redis: {} })
    })
  })
}
