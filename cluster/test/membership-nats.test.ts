/**
 * The membership in a NATS bucket: what every membership keeps to, on a real nats-server that is killed and restarted.
 */
import t from 'tap'
import { silent } from '../../actors/logger.js'
import { membershipConformance, viewOf } from '../../actors/test/membership-conformance.js'
import { openNatsMembership, type NatsMembership } from '../membership-nats.js'
import { decodeView, encodeView } from '../view-json.js'
import { NatsWorld } from './nats-world.js'

const world = await NatsWorld.start()
t.teardown(() => world.stop())

membershipConformance(t, () => {
  const cluster = world.freshCluster()
  const open: NatsMembership[] = []
  return Promise.resolve({
    membership: async (node: string) => {
      const membership = await openNatsMembership(await world.line(node), { cluster, replicas: 1, log: silent })
      open.push(membership)
      return membership
    },
    interrupt: () => world.kill(),
    restore: () => world.restart(),
    close: async () => {
      await Promise.all(open.map((membership) => membership.close()))
      await world.closeLines()
    },
  })
})

t.test('view-json: a view comes back as it was, and anything else is an error', (t) => {
  t.same(decodeView(encodeView(viewOf(7))), viewOf(7))
  for (const text of ['', '{}', '[]', '{"number":0}', 'null'])
    t.throws(() => decodeView(new TextEncoder().encode(text)), text)
  t.end()
})
