/** Marks: the highest of each is kept, and they reach history in batches. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import type { ConversationMark } from '../envelope.js'
import type { History } from '../history.js'
import { silent } from '../logger.js'
import { MarkSet, MarkWriter } from '../marks.js'

const mark = (delivered: number, read: number, user = 'ann'): ConversationMark => ({
  conversation: 'r:hall',
  user,
  delivered,
  read,
})

/** A history that only takes marks, and fails or waits when it is told to. */
function createWriter() {
  const clock = new VirtualClock()
  const written: (readonly ConversationMark[])[] = []
  const state = { failing: false, slowMs: 0 }
  const history: Pick<History, 'mark'> = {
    mark: async (marks) => {
      if (state.failing) throw new Error('history is away')
      if (state.slowMs > 0) await new Promise<void>((resolve) => void clock.after(state.slowMs, resolve))
      written.push(marks)
    },
  }
  return { clock, written, state, writer: new MarkWriter(history, clock, silent) }
}

t.test('marks: of each conversation and user the highest is kept, wherever it came from', async (t) => {
  const marks = new MarkSet()
  marks.add('r:hall', 'ann', 5, 2)
  marks.add('r:hall', 'ann', 4, 3)
  marks.add('r:hall', 'bob', 1, 0)
  marks.add('r:den', 'ann', 1, 1)
  marks.add('r:hall', 'ann', 1, 1)
  t.equal(marks.size, 3)
  t.same(marks.take(), [mark(5, 3), mark(1, 0, 'bob'), { ...mark(1, 1), conversation: 'r:den' }])
  t.same(marks.take(), [])
})

t.test('marks: what is gathered within seconds is written at once', async (t) => {
  const { clock, written, writer } = createWriter()
  for (let seq = 1; seq <= 10; seq++) writer.add(mark(seq, 0))
  await clock.run(clock.now() + 2_999)
  t.same(written, [])
  await clock.run(clock.now() + 1)
  t.same(written, [[mark(10, 0)]])
  writer.add(mark(11, 0))
  await clock.run(clock.now() + 3_000)
  t.same(written, [[mark(10, 0)], [mark(11, 0)]])
})

t.test('marks: very many are written in several batches', async (t) => {
  const { clock, written, writer } = createWriter()
  for (let i = 0; i < 12_000; i++) writer.add(mark(1, 0, `user${String(i)}`))
  await clock.run(clock.now() + 3_000)
  t.same(
    written.map((batch) => batch.length),
    [5_000, 5_000, 2_000],
  )
})

t.test('marks: when history is away they are dropped, and later ones are written', async (t) => {
  const { clock, written, state, writer } = createWriter()
  state.failing = true
  writer.add(mark(1, 0))
  await clock.run(clock.now() + 3_000)
  state.failing = false
  writer.add(mark(2, 0))
  await clock.run(clock.now() + 3_000)
  t.same(written, [[mark(2, 0)]])
})

t.test('marks: those that come while history is slow are written without waiting for another one', async (t) => {
  const { clock, written, state, writer } = createWriter()
  state.slowMs = 1_000
  writer.add(mark(1, 0))
  await clock.run(clock.now() + 3_500)
  writer.add(mark(2, 0))
  await clock.run(clock.now() + 10_000)
  t.same(written, [[mark(1, 0)], [mark(2, 0)]])
})
