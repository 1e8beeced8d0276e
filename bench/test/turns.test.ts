import t from 'tap'
import type { Figures } from '../figures.js'
import { medianOf, runTurns, Turns } from '../turns.js'

const cpu = (value: number): Figures => ({ cpu: { value, unit: 'ms' } })

t.test('turns: systems take turns, the first twice, and medians are told', async (t) => {
  const order: string[] = []
  const shares: number[] = []
  let value = 0
  const context = {
    quick: false,
    peers: [],
    note: () => undefined,
    progress: (share: number) => void shares.push(share),
  }
  const turns = await runTurns({
    ...{ suite: 'direct', systems: [{ name: 'rookery' }, { name: 'ws' }], context },
    measure: async ({ name }) => (order.push(name), cpu(++value)),
  })
  t.same(order.slice(0, 6), ['rookery', 'ws', 'rookery', 'rookery', 'ws', 'rookery'])
  t.equal(order.length, 15)
  t.equal(shares.at(-1), 1)
  t.equal(turns.median('rookery', 'cpu'), 7)
  t.equal(turns.median('ws', 'cpu'), 8)
  t.match(turns.noise(['cpu']), [{ value: (100 * 2) / 7 }, { value: (100 * 12) / 7 }])
})

t.test('turns: a ratio is of the medians, either way round, and none when a system did not take part', async (t) => {
  const turns = new Turns('direct')
  for (const value of [2, 3, 10]) turns.add('rookery', cpu(value))
  turns.add('ws', cpu(6))
  const options = { name: 'CPU against ws', of: ['cpu'], against: { system: 'ws', metrics: ['cpu'] } }
  t.match(turns.ratio({ ...options, mark: { at: 'most', value: 1 } }), [{ value: 0.5, unit: 'x', mark: { value: 1 } }])
  t.match(turns.ratio({ ...options, isInverse: true }), [{ value: 2 }])
  t.same(turns.ratio({ ...options, against: { system: 'absent', metrics: ['cpu'] } }), [])
})

t.test('turns: the median of an even number is between the middle two', async (t) => {
  t.equal(medianOf([4, 1, 3, 2]), 2.5)
})
