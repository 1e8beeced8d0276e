/**
 * The bus over core NATS: what every bus keeps to, on a real nats-server.
 */
import t from 'tap'
import { silent } from '../../actors/logger.js'
import { busConformance } from '../../actors/test/bus-conformance.js'
import { NatsBus } from '../bus-nats.js'
import { NatsWorld } from './nats-world.js'

const world = await NatsWorld.start()
t.teardown(() => world.stop())

busConformance(t, () => {
  const cluster = world.freshCluster()
  return Promise.resolve({
    bus: async (node: string) => new NatsBus(await world.line(node), { cluster, log: silent }),
    cut: () => world.kill(),
    heal: () => world.restart(),
    close: () => world.closeLines(),
  })
})

t.test('bus-nats: names that could change the meaning of a subject are refused', async (t) => {
  const line = await world.line()
  t.teardown(() => line.close())
  t.throws(() => new NatsBus(line, { cluster: 'a.b', log: silent }), /cluster name/)
  const bus = new NatsBus(line, { cluster: world.freshCluster(), log: silent })
  for (const node of ['a.b', '*', '>', '', 'a b', 'a\r\nPUB x 0'])
    await t.rejects(
      bus.open(node, () => {}),
      /node id/,
    )
})

t.test('bus-nats: a receiver that throws still gets what follows', async (t) => {
  const cluster = world.freshCluster()
  const [from, to] = [await world.line(), await world.line()]
  t.teardown(() => world.closeLines())
  const bus = new NatsBus(to, { cluster, log: silent })
  const second = new Promise<void>((resolve) => {
    let count = 0
    void bus.open('b', () => {
      if (++count === 1) throw new Error('on purpose')
      resolve()
    })
  })
  await to.flush()
  const sender = new NatsBus(from, { cluster, log: silent })
  for (const n of [1, 2]) sender.send('b', Uint8Array.of(n))
  await second
})
