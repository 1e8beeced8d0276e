/** Marks: the highest of each is kept, and they reach history in batches. */
import t from 'tap'
import { VirtualClock } from '../clock-virtual.js'
import type { ConversationMark } from '../envelope.js'
import type { History } from '../history.js'
import { silent } from '../logger.js'
import { MarkWriter } from '../marks.js'

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
  const writer = new MarkWriter(history, clock, silent)
  const rows = new Map<string, object>()
  /** The row of a conversation and user is always the same one unless another is given. */
  const add = (mark: ConversationMark, row?: object): void => {
    const key = `${mark.conversation} ${mark.user}`
    if (!rows.has(key)) rows.set(key, {})
    writer.add(row ?? rows.get(key) ?? {}, mark.conversation, mark)
  }
  return { clock, written, state, add }
}

t.test('marks: of each conversation and user the highest is written, whichever row it came from', async (t) => {
  const { clock, written, add } = createWriter()
  const [first, second] = [{}, {}]
  add(mark(5, 2), first)
  add(mark(4, 3), second)
  add(mark(1, 0, 'bob'))
  add({ ...mark(1, 1), conversation: 'r:den' })
  await clock.run(clock.now() + 3_000)
  t.same(written, [[mark(5, 3), mark(1, 0, 'bob'), { ...mark(1, 1), conversation: 'r:den' }]])
})

t.test('marks: what is gathered within seconds is written at once', async (t) => {
  const { clock, written, add } = createWriter()
  for (let seq = 1; seq <= 10; seq++) add(mark(seq, 0))
  await clock.run(clock.now() + 2_999)
  t.same(written, [])
  await clock.run(clock.now() + 1)
  t.same(written, [[mark(10, 0)]])
  add(mark(11, 0))
  await clock.run(clock.now() + 3_000)
  t.same(written, [[mark(10, 0)], [mark(11, 0)]])
})

t.test('marks: very many are written in several batches', async (t) => {
  const { clock, written, add } = createWriter()
  for (let i = 0; i < 12_000; i++) add(mark(1, 0, `user${String(i)}`))
  await clock.run(clock.now() + 3_000)
  t.same(
    written.map((batch) => batch.length),
    [5_000, 5_000, 2_000],
  )
})

t.test('marks: when history is away they are dropped, and later ones are written', async (t) => {
  const { clock, written, state, add } = createWriter()
  state.failing = true
  add(mark(1, 0))
  await clock.run(clock.now() + 3_000)
  state.failing = false
  add(mark(2, 0))
  await clock.run(clock.now() + 3_000)
  t.same(written, [[mark(2, 0)]])
})

t.test('marks: those that come while history is slow are written without waiting for another one', async (t) => {
  const { clock, written, state, add } = createWriter()
  state.slowMs = 1_000
  add(mark(1, 0))
  await clock.run(clock.now() + 3_500)
  add(mark(2, 0))
  await clock.run(clock.now() + 10_000)
  t.same(written, [[mark(1, 0)], [mark(2, 0)]])
})

t.test('marks: while history is slow a participant waits with the newest mark only', async (t) => {
  const { clock, written, state, add } = createWriter()
  const start = clock.now()
  state.slowMs = 10_000
  for (const seq of [1, 2, 3]) {
    add(mark(seq, 0))
    await clock.run(start + 4_000 * seq)
  }
  t.same(written, [])
  await clock.run(start + 30_000)
  t.same(written, [[mark(1, 0)], [mark(3, 0)]])
})
