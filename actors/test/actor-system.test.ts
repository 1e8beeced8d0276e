/** The actor runtime on virtual time, first by example, then by properties over random schedules. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Actor, ActorKind, Lane, Told } from '../actor.js'
import { ActorSystem, ask, AskTimeout } from '../actor-system.js'
import { VirtualClock } from '../clock-virtual.js'

interface Dead {
  readonly kind: string
  readonly id: unknown
  readonly message: unknown
  readonly why: string
}

function createWorld() {
  const clock = new VirtualClock(0)
  const dead: Dead[] = []
  const failures: unknown[] = []
  const system = new ActorSystem({
    clock,
    deadLetter: (kind, id, message, why) => dead.push({ kind, id, message, why }),
    failed: (_kind, _id, error) => failures.push(error),
  })
  const settle = () => clock.run(clock.now())
  return { clock, dead, failures, system, settle }
}

function kindOf<M>(receive: (message: M) => void | Promise<void>, more: Partial<ActorKind<string, M>> = {}) {
  const kind: ActorKind<string, M> = {
    kind: 'thing',
    mailbox: 100,
    idle: 0,
    activate: () => ({ receive }),
    supervise: () => 'resume',
    ...more,
  }
  return kind
}

const later = (clock: VirtualClock, ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))

t.test('actor system: a message is not handled inside the tell that brought it', async (t) => {
  const { system, settle } = createWorld()
  const seen: string[] = []
  const things = system.register(kindOf<string>((m) => void seen.push(m)))
  t.equal(things.tell('a', 'hello'), 'accepted')
  t.same(seen, [])
  await settle()
  t.same(seen, ['hello'])
})

t.test('actor system: the system lane goes before the user lane', async (t) => {
  const { system, settle } = createWorld()
  const seen: string[] = []
  const things = system.register(kindOf<string>((m) => void seen.push(m)))
  things.tell('a', 'user 1')
  things.tell('a', 'user 2')
  things.tell('a', 'system 1', 'system')
  things.tell('a', 'system 2', 'system')
  await settle()
  t.same(seen, ['system 1', 'system 2', 'user 1', 'user 2'])
})

t.test('actor system: a full lane answers full and the message is a dead letter', async (t) => {
  const { system, settle, dead } = createWorld()
  const things = system.register(kindOf<number>(() => undefined, { mailbox: 2 }))
  const told: Told[] = [1, 2, 3].map((n) => things.tell('a', n))
  t.same(told, ['accepted', 'accepted', 'full'])
  const urgent = Array.from({ length: 9 }, (_, n) => things.tell('a', n, 'system'))
  t.same(urgent.filter((answer) => answer === 'accepted').length, 8, 'the system lane is four times as long')
  t.same(dead, [
    { kind: 'thing', id: 'a', message: 3, why: 'full' },
    { kind: 'thing', id: 'a', message: 8, why: 'full' },
  ])
  await settle()
  t.equal(things.tell('a', 4), 'accepted', 'there is room again')
})

t.test('actor system: no message is handled while the promise of the one before is pending', async (t) => {
  const { system, clock } = createWorld()
  const seen: string[] = []
  const things = system.register(
    kindOf<number>(async (m) => {
      seen.push(`begin ${m}`)
      await later(clock, 10)
      seen.push(`end ${m}`)
    }),
  )
  things.tell('a', 1)
  things.tell('a', 2)
  await clock.run(100)
  t.same(seen, ['begin 1', 'end 1', 'begin 2', 'end 2'])
})

t.test('actor system: messages wait until the activation resolves', async (t) => {
  const { system, clock } = createWorld()
  const seen: number[] = []
  const activate = async () => {
    await later(clock, 50)
    return { receive: (m: number) => void seen.push(m) }
  }
  const things = system.register(kindOf<number>(() => undefined, { activate }))
  things.tell('a', 1)
  things.tell('a', 2)
  await clock.run(49)
  t.same(seen, [])
  t.equal(things.get('a'), undefined)
  await clock.run(50)
  t.same(seen, [1, 2])
})

t.test('actor system: a rejected activation dead-letters what waits and the next message tries again', async (t) => {
  const { system, settle, dead, failures } = createWorld()
  let attempts = 0
  const seen: number[] = []
  const activate = (): Promise<Actor<number>> => {
    if (attempts++ === 0) return Promise.reject(new Error('no state'))
    return Promise.resolve({ receive: (m) => void seen.push(m) })
  }
  const things = system.register(kindOf<number>(() => undefined, { activate }))
  things.tell('a', 1)
  things.tell('a', 2)
  await settle()
  t.same(
    dead.map((letter) => [letter.message, letter.why]),
    [
      [1, 'failed'],
      [2, 'failed'],
    ],
  )
  t.match(failures, [{ message: 'no state' }])
  t.equal(things.size, 0)
  things.tell('a', 3)
  await settle()
  t.same(seen, [3])
})

t.test('actor system: resume goes on, restart activates again, stop ends', async (t) => {
  const { system, settle, dead, failures } = createWorld()
  const seen: string[] = []
  let lives = 0
  const activate = () => {
    const life = ++lives
    return {
      receive(m: string) {
        if (m === 'resume' || m === 'restart' || m === 'stop') throw new Error(m)
        seen.push(`${m} in life ${life}`)
      },
    }
  }
  const supervise = (error: unknown) => (error as Error).message as 'resume' | 'restart' | 'stop'
  const things = system.register(kindOf<string>(() => undefined, { activate, supervise }))
  for (const m of ['a', 'resume', 'b', 'restart', 'c', 'stop', 'd']) things.tell('x', m)
  await settle()
  t.same(seen, ['a in life 1', 'b in life 1', 'c in life 2'])
  t.same(dead, [{ kind: 'thing', id: 'x', message: 'd', why: 'stopped' }])
  t.equal(failures.length, 3)
  t.equal(things.size, 0)
})

t.test(
  'actor system: a stopped busy actor ends when its message is done, and no second one runs beside it',
  async (t) => {
    const { system, clock, dead } = createWorld()
    const seen: string[] = []
    const things = system.register(
      kindOf<number>(async (m) => {
        seen.push(`begin ${m}`)
        await later(clock, 10)
        seen.push(`end ${m}`)
      }),
    )
    const ref = things.ref('a')
    ref.tell(1)
    ref.tell(2)
    await clock.run(5)
    ref.stop()
    t.equal(ref.tell(3), 'stopped')
    t.same(
      dead.map((letter) => letter.message),
      [2, 3],
    )
    await clock.run(10)
    t.equal(things.size, 0)
    t.equal(ref.tell(4), 'accepted')
    await clock.run(30)
    t.same(seen, ['begin 1', 'end 1', 'begin 4', 'end 4'])
  },
)

t.test('actor system: an actor that stops itself in receive gets no further message', async (t) => {
  const { system, settle, dead } = createWorld()
  const seen: number[] = []
  const activate = (_id: string, ref: { stop(): void }): Actor<number> => ({
    receive(m) {
      seen.push(m)
      ref.stop()
    },
  })
  const things = system.register(kindOf<number>(() => undefined, { activate }))
  things.tell('a', 1)
  things.tell('a', 2)
  await settle()
  t.same(seen, [1])
  t.same(dead, [{ kind: 'thing', id: 'a', message: 2, why: 'stopped' }])
})

t.test('actor system: spawned actors are told like others, and are gone for good when stopped', async (t) => {
  const { system, settle, dead } = createWorld()
  const seen: string[] = []
  const sessions = system.register<number, string>({
    kind: 'session',
    mailbox: 10,
    idle: 0,
    supervise: () => 'restart',
  })
  const actor: Actor<string> = {
    receive(m) {
      if (m === 'bad') throw new Error(m)
      seen.push(m)
    },
  }
  const ref = sessions.spawn(7, actor)
  t.equal(sessions.get(7), actor)
  t.throws(() => sessions.spawn(7, actor), /there is a session actor 7 already/)
  ref.tell('one')
  sessions.tell(7, 'two')
  sessions.tell(8, 'nobody')
  await settle()
  t.same(seen, ['one', 'two'])
  ref.tell('bad')
  await settle()
  t.equal(ref.tell('late'), 'stopped', 'without activate it cannot begin afresh')
  t.same(
    dead.map((letter) => letter.message),
    ['nobody', 'late'],
  )
})

t.test('actor system: turn-end tasks run in order after the mailboxes, and again when they tell', async (t) => {
  const { system, settle, failures } = createWorld()
  const seen: string[] = []
  const things = system.register(kindOf<string>((m) => void seen.push(m)))
  let told = false
  system.onTurnEnd(() => {
    seen.push('first')
    if (!told) things.tell('a', 'from the turn end')
    told = true
  })
  system.onTurnEnd(() => {
    throw new Error('broken task')
  })
  system.onTurnEnd(() => void seen.push('second'))
  things.tell('a', 'x')
  things.tell('b', 'y')
  await settle()
  t.same(seen, ['x', 'y', 'first', 'second', 'from the turn end', 'first', 'second'])
  t.equal(failures.length, 2)
})

t.test('actor system: wake runs the turn-end tasks once although nobody told anything', async (t) => {
  const { system, settle } = createWorld()
  let runs = 0
  system.onTurnEnd(() => void runs++)
  system.wake()
  system.wake()
  await settle()
  t.equal(runs, 1)
})

t.test('actor system: actors that keep telling each other do not hold up the rest of the world', async (t) => {
  const { system, clock } = createWorld()
  let stop = false
  const activate = (id: string, ref: { tell(m: number): Told }): Actor<number> => ({
    receive: (m) => void (stop || (id === 'a' ? things.tell('b', m + 1) : things.tell('a', m + 1)), ref),
  })
  const things = system.register(kindOf<number>(() => undefined, { activate }))
  things.tell('a', 1)
  let turns = 0
  const other = () => {
    if (++turns === 3) stop = true
    else clock.turn(other)
  }
  clock.turn(other)
  await clock.run(0)
  t.equal(turns, 3)
})

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

t.test('actor system: the time in the mailbox is observed for one message at a time', async (t) => {
  const clock = new VirtualClock(0)
  const seconds: number[] = []
  const system = new ActorSystem({
    clock,
    deadLetter: () => undefined,
    failed: () => undefined,
    observeMailbox: (s) => seconds.push(s),
  })
  const things = system.register(kindOf<number>(() => later(clock, 100)))
  things.tell('a', 1)
  things.tell('a', 2)
  await clock.run(50)
  things.tell('a', 3)
  await clock.run(1000)
  t.same(seconds, [0, 0.15])
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

/** What one tell in a random schedule does when it is handled. */
type Deed = 'sync' | 'async' | 'throw' | 'reject' | 'stop self'

interface Step {
  readonly sender: number
  readonly to: number
  readonly lane: Lane
  readonly deed: Deed
  readonly wait: number
  readonly then: 'nothing' | 'stop' | 'pass'
}

const deeds: fc.Arbitrary<Step> = fc.record({
  sender: fc.nat(2),
  to: fc.nat(2),
  lane: fc.constantFrom<Lane>('user', 'user', 'system'),
  deed: fc.constantFrom<Deed>('sync', 'sync', 'async', 'async', 'throw', 'reject', 'stop self'),
  wait: fc.nat(3),
  then: fc.constantFrom('nothing', 'nothing', 'nothing', 'pass', 'stop'),
})

t.test('actor system: whatever happens, one at a time, in order, nothing lost or doubled', async () => {
  const property = fc.asyncProperty(
    fc.array(deeds, { maxLength: 60 }),
    fc.constantFrom<'resume' | 'restart' | 'stop'>('resume', 'restart', 'stop'),
    fc.integer({ min: 1, max: 5 }),
    fc.boolean(),
    async (schedule, verdict, mailbox, slowActivation) => {
      const { system, clock, dead } = createWorld()
      const handled: number[] = []
      const refused: number[] = []
      const running = new Set<number>()
      const act = async (id: number, deed: Step, ref: { stop(): void }): Promise<void> => {
        if (deed.deed === 'async' || deed.deed === 'reject') await later(clock, deed.wait)
        if (deed.deed === 'stop self') ref.stop()
        if (deed.deed === 'stop self') await later(clock, deed.wait)
        running.delete(id)
        if (deed.deed === 'reject') throw new Error('rejected')
      }
      const things = system.register<number, number>({
        kind: 'thing',
        mailbox,
        idle: 250,
        activate: (id, ref) => {
          const actor: Actor<number> = {
            receive(place) {
              if (running.has(id)) throw new Error('two at a time')
              handled.push(place)
              const deed = schedule[place] as Step
              if (deed.deed === 'sync') return
              if (deed.deed === 'throw') throw new Error('thrown')
              running.add(id)
              return act(id, deed, ref)
            },
          }
          return slowActivation ? later(clock, 2).then(() => actor) : actor
        },
        supervise: (error) => {
          if ((error as Error).message === 'two at a time') throw error
          return verdict
        },
      })
      for (const [place, deed] of schedule.entries()) {
        if (things.tell(deed.to, place, deed.lane) !== 'accepted') refused.push(place)
        if (deed.then === 'stop') things.stop(deed.to)
        if (deed.then === 'pass') await clock.run(clock.now() + deed.wait)
      }
      await clock.run(clock.now() + 10_000)
      const letters = dead.map((letter) => letter.message as number)
      const all = [...handled, ...letters].sort((a, b) => a - b)
      assert.deepEqual(all, [...schedule.keys()], 'each was handled or became a dead letter, once')
      assert.ok(
        refused.every((place) => letters.includes(place)),
        'what was refused is a dead letter',
      )
      for (const key of [0, 1, 2].flatMap((sender) => [0, 1, 2].map((to) => ({ sender, to })))) {
        for (const lane of ['user', 'system']) {
          const places = handled.filter((place) => {
            const deed = schedule[place] as Step
            return deed.sender === key.sender && deed.to === key.to && deed.lane === lane
          })
          assert.deepEqual(
            places,
            [...places].sort((a, b) => a - b),
          )
        }
      }
      assert.equal(running.size, 0)
      assert.equal(things.size, 0, 'all were passivated')
    },
  )
  await fc.assert(property, { numRuns: 150 })
})
