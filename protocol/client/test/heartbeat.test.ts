import t from 'tap'
import { Heartbeat } from '../heartbeat.js'
import { ManualClock } from './manual-clock.js'

function build() {
  const clock = new ManualClock()
  const seen = { pings: 0, dead: 0, missing: 0 }
  const heartbeat = new Heartbeat(clock, {
    ping: () => ++seen.pings,
    dead: () => seen.dead++,
    missing: () => seen.missing++,
  })
  heartbeat.start(30)
  return { clock, heartbeat, seen }
}

t.test('heartbeat: three pings without an answer are the end, an answer begins anew', (t) => {
  const { clock, heartbeat, seen } = build()
  clock.advance(90_000)
  heartbeat.pong(1, 0)
  clock.advance(90_000)
  t.same(seen, { pings: 6, dead: 0, missing: 0 })
  clock.advance(30_000)
  t.same(seen, { pings: 6, dead: 1, missing: 0 })
  t.same(clock.waits, [], 'no timer is left')
  t.end()
})

t.test('heartbeat: pushes that are not there one round trip later are missing, once', (t) => {
  const { clock, heartbeat, seen } = build()
  heartbeat.pushed()
  clock.advance(30_000)
  heartbeat.pong(1, 3)
  t.same(seen, { pings: 2, dead: 0, missing: 0 }, 'asks again at once')
  heartbeat.pushed()
  heartbeat.pong(2, 3)
  t.equal(seen.missing, 1)
  clock.advance(30_000)
  heartbeat.pong(3, 3)
  t.same(seen, { pings: 3, dead: 0, missing: 1 }, 'what is lost is not complained of again')
  t.end()
})

t.test('heartbeat: pushes that were only late are not missing', (t) => {
  const { clock, heartbeat, seen } = build()
  clock.advance(30_000)
  heartbeat.pong(1, 2)
  heartbeat.pong(0, 2)
  t.equal(seen.missing, 0, 'the answer to another ping does not count')
  heartbeat.pushed()
  heartbeat.pushed()
  heartbeat.pong(2, 2)
  t.same(seen, { pings: 2, dead: 0, missing: 0 })
  t.end()
})
