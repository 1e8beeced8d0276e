import t from 'tap'
import { isMessageId, messageIdTime } from '../../protocol/ids.js'
import { nextMessageId } from '../load/message-id.js'

t.test('message id: each is a UUIDv7 of now, and above the one before', async (t) => {
  const ids = Array.from({ length: 20_000 }, nextMessageId)
  t.ok(ids.every(isMessageId))
  t.ok(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? '')))
  t.ok(Math.abs(messageIdTime(ids[0] ?? '') - Date.now()) < 60_000)
})
