import t from 'tap'
import { conversationKind } from '../../../protocol/ids.js'
import { Day, dayConversation } from '../day.js'

const line = { index: 0, day: '2004-11-15', minute: 0, nick: 'ann', text: new Uint8Array() }

t.test('day: its conversation is a group of its own in each run', async (t) => {
  const id = dayConversation('2004-11-15', 'r1')
  t.equal(conversationKind(id), 'group')
  t.equal(dayConversation('2004-11-15', 'r1'), id)
  t.not(dayConversation('2004-11-15', 'r2'), id)
  t.not(dayConversation('2004-11-16', 'r1'), id)
})

t.test('day: lines wait until the conversation is open', async (t) => {
  const day = new Day('2004-11-15', 'r1')
  t.notOk(day.add(line))
  t.same(day.open(), [line])
  t.ok(day.add(line))
})

t.test('day: it is over when the log has no more of it and every line is settled', async (t) => {
  const day = new Day('2004-11-15', 'r1')
  day.add(line)
  day.open()
  day.settle()
  t.notOk(day.isOver)
  day.complete()
  t.ok(day.isOver)
})
