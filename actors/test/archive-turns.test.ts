/** Archive turns: never more at once than allowed, in order, and a failure gives its turn back. */
import t from 'tap'
import { ArchiveTurns } from '../archive-turns.js'

/** Tasks that end when they are told to. */
function createTasks(limit: number) {
  const turns = new ArchiveTurns(limit)
  const begun: number[] = []
  const ends: ((error?: Error) => void)[] = []
  const take = (number: number): Promise<number> =>
    turns.take(async () => {
      begun.push(number)
      const error = await new Promise<Error | undefined>((resolve) => (ends[number] = resolve))
      if (error !== undefined) throw error
      return number
    })
  return { begun, ends, take }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('archive turns: the third of two waits, and those who wait go in order', async (t) => {
  const { begun, ends, take } = createTasks(2)
  const all = [0, 1, 2, 3].map(take)
  t.same(begun, [0, 1])
  ends[1]?.()
  await settled()
  t.same(begun, [0, 1, 2])
  ends[0]?.()
  ends[2]?.()
  await settled()
  t.same(begun, [0, 1, 2, 3])
  ends[3]?.()
  t.same(await Promise.all(all), [0, 1, 2, 3])
})

t.test('archive turns: a task that fails lets the next one go', async (t) => {
  const { begun, ends, take } = createTasks(1)
  const [first, second] = [take(0), take(1)]
  ends[0]?.(new Error('history is away'))
  await t.rejects(first, /away/)
  await settled()
  t.same(begun, [0, 1])
  ends[1]?.()
  t.equal(await second, 1)
})
