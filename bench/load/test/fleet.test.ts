import t from 'tap'
import { uws } from '../../peers/uws.js'
import { withSystem } from '../../system.js'
import { withFleet } from '../fleet.js'
import type { TrafficPlan } from '../orders.js'

const PLAN: TrafficPlan = { pattern: 'direct', pressure: { kind: 'open', rate: 100 }, seconds: 0.3, bytes: 128 }
const COUNT = 8

t.test('fleet: what two generators send is numbered, arrives and is added up', async (t) => {
  const dir = t.testdir({})
  process.env['TMPDIR'] = dir
  await withSystem(uws, { nodes: 1 }, ({ target }) =>
    withFleet(2, async (fleet) => {
      await fleet.connect({ target, prefix: 'user-', count: COUNT })
      const direct = await fleet.run(PLAN)
      t.ok(direct.sent > 0)
      t.match(direct, { delivered: direct.sent, missing: 0, acked: 0, unacked: 0, lost: 0, errors: {} })
      t.equal(
        direct.timeline.delivered.reduce((sum, count) => sum + count, 0),
        direct.sent,
        'the time line has every delivery',
      )

      await fleet.join({ group: 'team-', size: COUNT })
      const group = await fleet.run({ ...PLAN, pattern: 'group' })
      t.equal(group.delivered, group.sent * (COUNT - 1), 'members on the other generator have it too')

      const echo = await fleet.run({ ...PLAN, pattern: 'echo', pressure: { kind: 'closed', window: 4 } })
      t.match(echo, { delivered: echo.sent, missing: 0 })
    }),
  )
})

t.test('fleet: a lost connection is an error, not a smaller figure', async (t) => {
  process.env['TMPDIR'] = t.testdir({})
  await withSystem(uws, { nodes: 1 }, async (running) => {
    await withFleet(1, async (fleet) => {
      await fleet.connect({ target: running.target, prefix: 'user-', count: 2 })
      const run = fleet.run({ ...PLAN, seconds: 20 })
      await running.stop()
      await t.rejects(run, /it ended/)
    })
  })
})
