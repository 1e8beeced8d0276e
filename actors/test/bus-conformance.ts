/**
 * What every version of the bus keeps to. The versions' own tests call this with a world in which buses of different nodes can
 * be made and the line of the first one cut.
 */
import type { Test } from 'tap'
import type { Bus } from '../bus.js'

export interface BusWorld {
  bus(node: string): Promise<Bus>
  /** Cuts the lines, and heals them; resolve when the change is told or under way. */
  cut(): Promise<void>
  heal(): Promise<void>
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const WAIT_MS = 10_000

export function busConformance(t: Test, makeWorld: () => Promise<BusWorld>): void {
  const test = (name: string, body: (t: Test, world: BusWorld) => Promise<void>) =>
    t.test(`bus: ${name}`, async (t) => {
      const world = await makeWorld()
      t.teardown(() => world.close())
      await body(t, world)
    })

  test('what one node sends arrives at the other in order, sent and broadcast alike', async (t, world) => {
    const [a, b] = [await opened(world, 'a'), await opened(world, 'b')]
    const expected: string[] = []
    for (let i = 0; i < 500; i++) {
      expected.push(`m${i}`)
      if (i % 10 === 0) a.bus.broadcast(bytes(`m${i}`))
      else a.bus.send('b', bytes(`m${i}`))
    }
    await b.until((got) => got.length === 500, '500 messages at b')
    t.same(b.got, expected)
  })

  test('a broadcast reaches every other open node and not its sender', async (t, world) => {
    const [a, b, c] = [await opened(world, 'a'), await opened(world, 'b'), await opened(world, 'c')]
    a.bus.broadcast(bytes('all'))
    for (const node of [b, c]) await node.until((got) => got.includes('all'), 'the broadcast')
    b.bus.send('a', bytes('end'))
    await a.until((got) => got.includes('end'), 'a message at a')
    t.same(a.got, ['end'])
    t.same(b.got, ['all'])
    t.same(c.got, ['all'])
  })

  test('a message to one node reaches no other', async (t, world) => {
    const [a, b, c] = [await opened(world, 'a'), await opened(world, 'b'), await opened(world, 'c')]
    a.bus.send('b', bytes('for b'))
    a.bus.send('nobody', bytes('for nobody'))
    a.bus.broadcast(bytes('end'))
    for (const node of [b, c]) await node.until((got) => got.includes('end'), 'the broadcast')
    t.same(b.got, ['for b', 'end'])
    t.same(c.got, ['end'])
  })

  test('received bytes may be kept', async (t, world) => {
    const [a, b] = [await opened(world, 'a'), await opened(world, 'b')]
    const kept: Uint8Array[] = []
    b.listen((received) => kept.push(received))
    for (let i = 0; i < 200; i++) a.bus.send('b', bytes(`message ${i} ${'x'.repeat(500)}`))
    await b.until((got) => got.length === 200, '200 messages')
    t.same(kept.map((one) => new TextDecoder().decode(one)), b.got) // prettier-ignore
  })

  test('while the line is down messages are lost without an exception, and flow again after it', async (t, world) => {
    const [a, b] = [await opened(world, 'a'), await opened(world, 'b')]
    const down = a.line(false)
    await world.cut()
    await down
    t.doesNotThrow(() => a.bus.send('b', bytes('lost')))
    t.doesNotThrow(() => a.bus.broadcast(bytes('lost too')))
    const up = Promise.all([a.line(true), b.line(true)])
    await world.heal()
    await up
    await repeatUntil(() => a.bus.send('b', bytes('after')), b, 'after')
    t.notOk(b.got.some((one) => one.startsWith('lost')))
  })

  test('a closed bus receives nothing and does not throw', async (t, world) => {
    const [a, b, c] = [await opened(world, 'a'), await opened(world, 'b'), await opened(world, 'c')]
    await b.bus.close()
    a.bus.broadcast(bytes('late'))
    await c.until((got) => got.includes('late'), 'the broadcast at c')
    t.same(b.got, [])
  })
}

async function opened(world: BusWorld, node: string) {
  const bus = await world.bus(node)
  const got: string[] = []
  const listeners = new Set<(received: Uint8Array) => void>()
  const lines = new Set<(up: boolean) => void>()
  bus.onLine((up) => lines.forEach((listener) => listener(up)))
  await bus.open(node, (received) => {
    got.push(new TextDecoder().decode(received))
    for (const listener of [...listeners]) listener(received)
  })
  return {
    bus,
    got,
    listen: (listener: (received: Uint8Array) => void) => void listeners.add(listener),
    until: (done: (got: readonly string[]) => boolean, what: string) =>
      within(what, (resolve) => {
        const check = () => done(got) && resolve()
        listeners.add(check)
        check()
      }),
    line: (wanted: boolean) =>
      within(`the line ${wanted ? 'up' : 'down'} at ${node}`, (resolve) => {
        lines.add((up) => up === wanted && resolve())
      }),
  }
}

async function repeatUntil(send: () => void, at: Awaited<ReturnType<typeof opened>>, text: string): Promise<void> {
  const repeat = setInterval(send, 20)
  send()
  await at.until((got) => got.includes(text), text).finally(() => clearInterval(repeat))
}

function within(what: string, start: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`did not happen: ${what}`)), WAIT_MS)
    start(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
