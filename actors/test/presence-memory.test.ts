/**
 * Presence in memory: what every presence keeps to, and its ends by the clock.
 */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { MemoryPresence } from '../presence-memory.js'
import { LAST_SEEN_SECONDS, PRESENCE_TTL_SECONDS } from '../presence.js'
import { deviceOf, presenceConformance } from './presence-conformance.js'

const shared = new MemoryPresence(new VirtualClock())
presenceConformance(t, { presence: () => Promise.resolve(shared), close: () => shared.close() })

t.test('presence-memory: a device that is not touched ends, and was seen when it was touched last', async (t) => {
  const clock = new VirtualClock()
  const presence = new MemoryPresence(clock)
  const touched = clock.now()
  await presence.touch([deviceOf('ann')])
  await clock.run(touched + PRESENCE_TTL_SECONDS * 1000 - 1)
  t.match(await presence.query(['ann']), [{ state: 'online' }])
  await clock.run(touched + PRESENCE_TTL_SECONDS * 1000)
  t.same(await presence.query(['ann']), [{ user: 'ann', state: 'offline', lastSeen: touched }])
  await presence.touch([deviceOf('ann', { session: 0 })])
  t.match(await presence.query(['ann']), [{ state: 'online' }], 'an ended session stands in nobody’s way')
})

t.test('presence-memory: who was not seen for long is forgotten', async (t) => {
  const clock = new VirtualClock()
  const presence = new MemoryPresence(clock)
  await presence.touch([deviceOf('ann')])
  await clock.run(clock.now() + LAST_SEEN_SECONDS * 1000)
  t.match(await presence.query(['ann']), [{ lastSeen: 0 }])
  await presence.touch([deviceOf('bob')])
  t.match(await presence.query(['ann', 'bob']), [{ state: 'offline', lastSeen: 0 }, { state: 'online' }])
})
