/**
 * The membership in memory: what every membership keeps to, and its late watches and unknown outcomes.
 */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { MemoryMembershipStore } from '../membership-memory.js'
import { seededRandom } from '../random.js'
import { membershipConformance, viewOf } from './membership-conformance.js'
import { promptClock } from './prompt-clock.js'

membershipConformance(t, () => {
  const store = new MemoryMembershipStore({ clock: promptClock(), random: seededRandom(1) })
  return Promise.resolve({
    membership: (node: string) => Promise.resolve(store.membership(node)),
    interrupt: () => Promise.resolve(store.interrupt()),
    restore: () => Promise.resolve(store.restore()),
    close: () => Promise.resolve(),
  })
})

t.test('membership-memory: late watches skip views and never go back', async (t) => {
  const clock = new VirtualClock()
  const delays = [100, 50, 10, 200]
  const watchDelay = () => delays.shift() ?? 1
  const store = new MemoryMembershipStore({ clock, random: seededRandom(1), faults: { watchDelay } })
  const membership = store.membership('a')
  const seen: number[] = []
  await membership.watch((view) => void seen.push(view.number))
  for (const number of [1, 2, 3, 4]) await membership.propose(viewOf(number))
  await clock.run(clock.now() + 1000)
  t.same(
    seen,
    [2, 4].filter((number) => seen.includes(number)),
  )
  t.equal(seen.at(-1), 4)
})

t.test('membership-memory: of unknown proposals some are stored and some are not', async (t) => {
  const faults = { unknown: 1 }
  const store = new MemoryMembershipStore({ clock: new VirtualClock(), random: seededRandom(7), faults })
  const membership = store.membership('a')
  let stored = 0
  for (let i = 0; i < 40; i++) {
    const before = (await membership.newest())?.number ?? 0
    await t.rejects(membership.propose(viewOf(before + 1)))
    if (((await membership.newest())?.number ?? 0) > before) stored++
  }
  t.ok(stored > 5 && stored < 35, `${stored} of 40 stored`)
})

t.test('membership-memory: a node whose line is cut hears of the newest view when it is healed', async (t) => {
  const clock = new VirtualClock()
  const store = new MemoryMembershipStore({ clock, random: seededRandom(1) })
  const seen: number[] = []
  await store.membership('b').watch((view) => void seen.push(view.number))
  store.lines.cut('b')
  for (const number of [1, 2]) await store.membership('a').propose(viewOf(number))
  await clock.run(clock.now() + 10)
  t.same(seen, [])
  store.lines.heal('b')
  await clock.run(clock.now() + 10)
  t.same(seen, [2])
})
