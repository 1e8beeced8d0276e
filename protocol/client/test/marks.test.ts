import t from 'tap'
import { Marks } from '../marks.js'

const mark = (conversation: string, seq: number, epoch = 1) => ({ conversation, epoch, seq })

t.test('marks: many marks of a conversation become the highest one, cut into frames', (t) => {
  const marks = new Marks(2)
  for (const conversation of ['a', 'b', 'c']) for (const seq of [2, 3, 1]) marks.set(mark(conversation, seq))
  t.same(marks.take(), [[mark('a', 3), mark('b', 3)], [mark('c', 3)]])
  t.same(marks.take(), [], 'nothing is told twice')
  marks.set(mark('a', 3))
  t.same(marks.take(), [], 'nor what is not new')
  marks.set(mark('a', 1, 2))
  t.same(marks.take(), [[mark('a', 1, 2)]], 'a later epoch is higher')
  marks.forget('b')
  marks.repeat()
  t.same(marks.take(), [[mark('a', 1, 2), mark('c', 3)]])
  t.end()
})
