import t from 'tap'
import { ResumeQueue } from '../resume-queue.js'

const place = () => ({ epoch: 1, seq: 5 })
const ids = (positions: readonly { conversation: string }[]) => positions.map(({ conversation }) => conversation)

t.test('resume queue: one question at a time, in order, in batches', (t) => {
  const queue = new ResumeQueue(2)
  for (const conversation of ['a', 'b', 'a', 'c']) queue.add(conversation)
  t.same(queue.next(place), [
    { conversation: 'a', epoch: 1, seq: 5 },
    { conversation: 'b', epoch: 1, seq: 5 },
  ])
  t.same(queue.next(place), [], 'while an answer is awaited nothing is asked')
  queue.add('b')
  t.same([...queue.answered().keys()], ['a', 'b'])
  t.same(ids(queue.next(place)), ['c', 'b'], 'what was added meanwhile is asked again')
  t.end()
})

t.test('resume queue: what is postponed waits for wake, whoever adds it', (t) => {
  const queue = new ResumeQueue(10)
  queue.add('a')
  queue.postpone('a')
  queue.add('a')
  t.ok(queue.has('a'))
  t.same(queue.next(place), [])
  queue.wake()
  t.same(ids(queue.next(place)), ['a'])
  queue.clear()
  t.notOk(queue.has('a'))
  t.end()
})
