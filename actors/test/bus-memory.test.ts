/**
 * The bus in memory: what every bus keeps to, and its delay, loss, cuts and freezes.
 */
import fc from 'fast-check'
import t from 'tap'
import { MemoryBusHub } from '../bus-memory.js'
import { VirtualClock } from '../clock-virtual.js'
import { seededRandom } from '../random.js'
import { busConformance } from './bus-conformance.js'
import { promptClock } from './prompt-clock.js'

busConformance(t, () => {
  const hub = new MemoryBusHub({ clock: promptClock(), random: seededRandom(1) })
  const nodes = ['a', 'b', 'c']
  return Promise.resolve({
    bus: (node: string) => Promise.resolve(hub.bus(node)),
    cut: () => Promise.resolve(nodes.forEach((node) => hub.lines.cut(node))),
    heal: () => Promise.resolve(nodes.forEach((node) => hub.lines.heal(node))),
    close: () => Promise.resolve(),
  })
})

async function receiver(hub: MemoryBusHub, node: string): Promise<number[]> {
  const got: number[] = []
  await hub.bus(node).open(node, (bytes) => void got.push(bytes[0] as number))
  return got
}

t.test('bus-memory: whatever the delays and losses, what arrives of one node is in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.double({ min: 0, max: 0.5, noNaN: true }), async (seed, loss) => {
      const random = seededRandom(seed)
      const clock = new VirtualClock()
      const hub = new MemoryBusHub({ clock, random, delay: () => random() * 100, loss: () => loss })
      const got = await receiver(hub, 'b')
      await receiver(hub, 'a')
      for (let i = 0; i < 50; i++) hub.bus('a').send('b', Uint8Array.of(i))
      await clock.run(clock.now() + 1000)
      return got.every((n, i) => i === 0 || n > (got[i - 1] as number)) && (loss > 0 || got.length === 50)
    }),
    { numRuns: 50 },
  )
})

t.test('bus-memory: a frozen node receives in order when it thaws', async (t) => {
  const clock = new VirtualClock()
  const hub = new MemoryBusHub({ clock, random: seededRandom(1), delay: () => 5 })
  const got = await receiver(hub, 'b')
  await receiver(hub, 'a')
  hub.lines.freeze('b')
  for (const n of [1, 2, 3]) hub.bus('a').send('b', Uint8Array.of(n))
  await clock.run(clock.now() + 100)
  t.same(got, [])
  hub.lines.thaw('b')
  t.same(got, [1, 2, 3])
})

t.test('bus-memory: what arrives while the receiver is cut off is lost', async (t) => {
  const clock = new VirtualClock()
  const hub = new MemoryBusHub({ clock, random: seededRandom(1), delay: () => 5 })
  const got = await receiver(hub, 'b')
  await receiver(hub, 'a')
  hub.lines.cut('b')
  hub.bus('a').send('b', Uint8Array.of(1))
  await clock.run(clock.now() + 100)
  hub.lines.heal('b')
  hub.bus('a').send('b', Uint8Array.of(2))
  await clock.run(clock.now() + 100)
  t.same(got, [2])
})
