/** The promises of the actor runtime under random schedules of messages, failures and stops. A message is its place in the schedule. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Actor, ActorKind, Lane, Ref } from '../actor.js'
import { createWorld, later } from './actor-world.js'

interface Step {
  readonly sender: number
  readonly to: number
  readonly lane: Lane
  /** What the actor does with the message; the asynchronous deeds take `wait` milliseconds. */
  readonly deed: 'return' | 'throw' | 'resolve' | 'reject' | 'stop itself'
  readonly wait: number
  /** What happens after the tell. */
  readonly then: 'nothing' | 'stop' | 'wait'
}

interface Setting {
  readonly schedule: readonly Step[]
  readonly verdict: 'resume' | 'restart' | 'stop'
  readonly mailbox: number
  readonly activation: 'at once' | 'slow' | 'fails every other time'
}

const ACTORS = 3
const SENDERS = 2

const steps: fc.Arbitrary<Step> = fc.record({
  sender: fc.nat(SENDERS - 1),
  to: fc.nat(ACTORS - 1),
  lane: fc.constantFrom('user', 'user', 'system'),
  deed: fc.constantFrom('return', 'return', 'resolve', 'resolve', 'throw', 'reject', 'stop itself'),
  wait: fc.nat(3),
  then: fc.constantFrom('nothing', 'nothing', 'nothing', 'wait', 'stop'),
})

const settings: fc.Arbitrary<Setting> = fc.record({
  schedule: fc.array(steps, { maxLength: 60, size: 'max' }),
  verdict: fc.constantFrom('resume', 'restart', 'stop'),
  mailbox: fc.integer({ min: 1, max: 5 }),
  activation: fc.constantFrom('at once', 'slow', 'fails every other time'),
})

/** Runs a schedule to its end; says what was handled, refused and buried. */
async function play(setting: Setting) {
  const { system, clock, dead, failures } = createWorld()
  const handled: number[] = []
  const refused: number[] = []
  const busy = new Set<number>()
  const act = async (id: number, step: Step, ref: Ref<number>): Promise<void> => {
    busy.add(id)
    if (step.deed === 'stop itself') ref.stop()
    await later(clock, step.wait)
    busy.delete(id)
    if (step.deed === 'reject') throw new Error('rejected')
  }
  const createActor = (id: number, ref: Ref<number>): Actor<number> => ({
    receive(place) {
      assert.ok(!busy.has(id), 'one message at a time')
      handled.push(place)
      const step = setting.schedule[place] as Step
      if (step.deed === 'throw') throw new Error('thrown')
      return step.deed === 'return' ? undefined : act(id, step, ref)
    },
  })
  let activations = 0
  const activateLater = async (id: number, ref: Ref<number>): Promise<Actor<number>> => {
    await later(clock, 2)
    if (setting.activation !== 'slow' && activations++ % 2 === 0) throw new Error('not activated')
    return createActor(id, ref)
  }
  const kind: ActorKind<number, number> = {
    kind: 'thing',
    mailbox: setting.mailbox,
    idle: 250,
    activate: setting.activation === 'at once' ? createActor : activateLater,
    supervise: () => setting.verdict,
  }
  const things = system.register(kind)
  for (const [place, step] of setting.schedule.entries()) {
    if (things.tell(step.to, place, step.lane) !== 'accepted') refused.push(place)
    if (step.then === 'stop') things.stop(step.to)
    if (step.then === 'wait') await clock.run(clock.now() + step.wait)
  }
  await clock.run(clock.now() + 10_000)
  const buried = dead.map((letter) => letter.message as number)
  return { handled, refused, buried, failures, left: things.size }
}

const rising = (places: readonly number[]) => [...places].sort((a, b) => a - b)

t.test(
  'actor system: under any schedule a message is handled or a dead letter, once, and never two at a time',
  async () => {
    const property = fc.asyncProperty(settings, async (setting) => {
      const { handled, refused, buried, failures, left } = await play(setting)
      const broken = failures.filter((error) => error instanceof assert.AssertionError)
      assert.deepEqual(broken, [])
      assert.deepEqual(rising([...handled, ...buried]), [...setting.schedule.keys()])
      assert.ok(refused.every((place) => buried.includes(place)))
      assert.equal(left, 0, 'all were passivated in the end')
    })
    await fc.assert(property, { numRuns: 200 })
  },
)

t.test(
  'actor system: under any schedule the messages of a sender to an actor in one lane keep their order',
  async () => {
    const property = fc.asyncProperty(settings, async (setting) => {
      const { handled } = await play(setting)
      const newest = new Map<string, number>()
      for (const place of handled) {
        const { sender, to, lane } = setting.schedule[place] as Step
        const stream = `${sender} ${to} ${lane}`
        assert.ok(place > (newest.get(stream) ?? -1))
        newest.set(stream, place)
      }
    })
    await fc.assert(property, { numRuns: 100 })
  },
)
