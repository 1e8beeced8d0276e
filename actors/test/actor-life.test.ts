/** How actors become idle, how all of them end, what is observed, and how one is asked: by example on virtual time. */
import t from 'tap'
import type { Actor } from '../actor.js'
import { ActorSystem, ask, AskTimeout } from '../actor-system.js'
import { VirtualClock } from '../clock-virtual.js'
import { createWorld, kindOf, later } from './actor-world.js'

t.test('actor system: an idle actor is asked, and passivated when it agrees', async (t) => {
  const { system, clock, dead } = createWorld()
  const asked: number[] = []
  const activate = (): Actor<string> => ({
    receive: () => undefined,
    passivate: () => asked.push(clock.now()) > 1,
  })
  const things = system.register(kindOf<string>(() => undefined, { activate, idle: 10_000 }))
  things.tell('a', 'hello')
  await clock.run(60_000)
  t.equal(things.size, 0)
  t.equal(asked.length, 2)
  for (const [i, at] of asked.entries()) t.ok(at >= 10_000 * (i + 1) && at <= 13_000 * (i + 1), `asked at ${at}`)
  t.equal(things.tell('a', 'again'), 'accepted')
  await clock.run(60_000)
  t.equal(things.size, 1)
  t.same(dead, [])
})

t.test('actor system: messages keep an actor from being asked', async (t) => {
  const { system, clock } = createWorld()
  const things = system.register(kindOf<string>(() => undefined, { idle: 10_000 }))
  for (let i = 0; i < 10; i++) {
    things.tell('a', 'hello')
    await clock.run(clock.now() + 9_000)
    t.equal(things.size, 1)
  }
  await clock.run(clock.now() + 20_000)
  t.equal(things.size, 0)
})

t.test('actor system: each gives the active actors, and close ends all of them', async (t) => {
  const { system, clock, settle } = createWorld()
  const things = system.register(kindOf<string>(() => undefined, { idle: 1000 }))
  for (const id of ['a', 'b', 'c']) things.tell(id, 'hello')
  await settle()
  const ids: string[] = []
  things.each((_actor, id) => ids.push(id))
  t.same(ids, ['a', 'b', 'c'])
  system.close()
  t.equal(things.size, 0)
  t.equal(things.tell('a', 'late'), 'stopped')
  await t.rejects(
    clock.run(() => false),
    /did not happen/,
    'no timer goes on',
  )
})

t.test('actor system: of sixteen messages one is timed in its mailbox', async (t) => {
  const clock = new VirtualClock(0)
  const seconds: number[] = []
  const system = new ActorSystem({
    clock,
    deadLetter: () => undefined,
    failed: () => undefined,
    observeMailbox: (s) => seconds.push(s),
  })
  const things = system.register(kindOf<number>(() => later(clock, 100)))
  for (let i = 0; i < 16; i++) things.tell(`thing ${String(i)}`, i)
  await clock.run(50)
  t.same(seconds, [0])
  things.tell('thing 0', 16)
  await clock.run(1000)
  t.same(seconds, [0, 0.05], 'it waited while the one before was handled')
})

t.test('ask: the answer resolves, silence rejects with what did not answer', async (t) => {
  const { clock } = createWorld()
  t.equal(await ask<number>(clock, 10, 'adder', (resolve) => resolve(3)), 3)
  const silent = t.rejects(
    ask(clock, 10, 'the owner of shard 3', () => undefined),
    new AskTimeout('the owner of shard 3', 10),
  )
  await clock.run(10)
  await silent
  await t.rejects(
    ask(clock, 10, 'broken', () => {
      throw new Error('cannot ask')
    }),
    { message: 'cannot ask' },
  )
})
