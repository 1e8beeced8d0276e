/** Entrance: alone nobody waits, a crowd comes in a few per turn, in order. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import { Entrance, STEPS } from '../entrance.js'

t.test('entrance: as many as fit into a turn come in at once', async (t) => {
  const entrance = new Entrance(new VirtualClock())
  const taken: number[] = []
  for (let step = 0; step < STEPS + 1; step++) entrance.pass(() => taken.push(step))
  t.equal(taken.length, STEPS)
})

t.test('entrance: a crowd comes in turn by turn, in order, and everybody does', async (t) => {
  const clock = new VirtualClock()
  const entrance = new Entrance(clock)
  const taken: number[] = []
  const perTurn: number[] = []
  const look = (): void => {
    perTurn.push(taken.length)
    if (taken.length < 100) clock.turn(look)
  }
  for (let step = 0; step < 100; step++) entrance.pass(() => taken.push(step))
  clock.turn(look)
  await clock.run(clock.now() + 1)
  t.same(
    taken,
    Array.from({ length: 100 }, (_, step) => step),
  )
  const grown = perTurn.map((count, turn) => count - (perTurn[turn - 1] ?? STEPS))
  t.ok(grown.every((count) => count <= STEPS))
})

t.test('entrance: whoever comes while others wait comes after them', async (t) => {
  const clock = new VirtualClock()
  const entrance = new Entrance(clock)
  const taken: string[] = []
  for (let step = 0; step < STEPS; step++) entrance.pass(() => taken.push('first'))
  entrance.pass(() => {
    taken.push('second')
    entrance.pass(() => taken.push('fourth'))
  })
  entrance.pass(() => taken.push('third'))
  await clock.run(clock.now() + 1)
  t.same(taken.slice(STEPS), ['second', 'third', 'fourth'])
})
