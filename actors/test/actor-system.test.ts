/** How the actor runtime handles messages, failures, stops and turns, by example on virtual time. */
import t from 'tap'
import type { Actor, Told } from '../actor.js'
import { createWorld, kindOf, later } from './actor-world.js'

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
