import t from 'tap'
import { Latency } from '../latency.js'
import { timeLine, untilAckedAgain, waits } from '../outage.js'

const percentilesOf = (data: ReturnType<typeof waits>) => new Latency(data.counts, data.max).percentiles()

const ACKS = [
  { conversation: 'a', intended: 90, acked: 95 },
  { conversation: 'a', intended: 98, acked: 800 },
  { conversation: 'a', intended: 110, acked: 850 },
  { conversation: 'a', intended: 200, acked: 840 },
  { conversation: 'b', intended: 150, acked: 152 },
]

t.test(
  'outage: a conversation is acked again by the first ack of a send that was meant to be made after the blow',
  async (t) => {
    const { count, max } = percentilesOf(untilAckedAgain(ACKS, 100, (id) => id === 'a'))
    t.strictSame({ count, max }, { count: 1, max: 740 })
  },
)

t.test('outage: a send waits from when it was meant to be made, also one that was under way at the blow', async (t) => {
  const { count, max } = percentilesOf(waits(ACKS, 100, 60))
  t.strictSame({ count, max }, { count: 3, max: 740 })
})

t.test('outage: the time line counts acks when they come and waits when they begin', async (t) => {
  const line = timeLine(ACKS, 50, 100)
  t.strictSame(line[0], { at: 0, acked: 1, longest: 740 })
  t.strictSame(line[1], { at: 0.1, acked: 1, longest: 640 })
  t.strictSame(line[5], { at: 0.5, acked: 0, longest: 0 })
  t.equal(
    line.reduce((sum, { acked }) => sum + acked, 0),
    ACKS.length,
  )
})
