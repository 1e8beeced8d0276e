import fc from 'fast-check'
import t from 'tap'
import { v7 } from 'uuid'
import * as ids from '../ids.js'
import * as arbitrary from './arbitraries.js'

const NAME = /^[A-Za-z0-9_.~-]{1,64}$/

t.test('ids: a user id is 1 to 64 characters of the alphabet', async (t) => {
  for (let code = 0; code < 300; code++) {
    const text = String.fromCharCode(code)
    t.equal(ids.isUserId(text), NAME.test(text), `character ${code}`)
  }
  t.notOk(ids.isUserId(''))
  t.ok(ids.isUserId('a'.repeat(64)))
  t.notOk(ids.isUserId('a'.repeat(65)))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => t.equal(ids.isUserId(text), NAME.test(text))))
})

t.test('ids: a conversation id tells its kind', async (t) => {
  const kinds = {
    'd:a:b': 'direct',
    'g:0190163d-8694-739b-aea5-966c26f8ad91': 'group',
    'r:lobby': 'room',
    'u:a': 'user',
  }
  for (const [id, kind] of Object.entries(kinds)) t.equal(ids.conversationKind(id), kind)
  fc.assert(fc.property(arbitrary.conversation, (id) => t.not(ids.conversationKind(id), undefined)))
})

t.test('ids: what only looks like a conversation id is none', async (t) => {
  const hostile = [
    '',
    'd',
    'd:',
    'd:a',
    'd:a:',
    'd::b',
    'd:b:a',
    'd:a:a',
    'd:a:b:c',
    'D:a:b',
    'x:a',
    'g:a',
    'r:',
    'r:a b',
    'r:a.*.>',
    'u:',
  ]
  const more = [
    'r:a\n',
    'r:a\u0000',
    "r:a'--",
    'r:é',
    `r:${'a'.repeat(65)}`,
    'g:0190163D-8694-739B-AEA5-966C26F8AD91',
    ' r:a',
    'r:a/b',
  ]
  for (const id of [...hostile, ...more]) t.equal(ids.conversationKind(id), undefined, JSON.stringify(id))
})

t.test('ids: the conversation of two users does not depend on who asks', async (t) => {
  fc.assert(
    fc.property(arbitrary.user, arbitrary.user, (a, b) => {
      fc.pre(a !== b)
      const id = ids.directConversation(a, b)
      t.equal(id, ids.directConversation(b, a))
      t.equal(ids.conversationKind(id), 'direct')
      t.strictSame(
        ids.directUsers(id),
        [a, b].sort((x, y) => (x < y ? -1 : 1)),
      )
    }),
  )
})

t.test('ids: a message id is the same in 16 characters and in 36', async (t) => {
  const time = Date.UTC(2024, 5, 14)
  const text = v7({ msecs: time })
  const id = ids.parseMessageId(text) ?? ''
  t.equal(id.length, 16)
  t.equal(ids.messageIdText(id), text)
  t.equal(ids.messageIdTime(id), time)
  t.ok(ids.isMessageIdAt(Buffer.from(`..${id}`, 'latin1'), 2))
  fc.assert(fc.property(arbitrary.messageId, (id) => t.equal(ids.parseMessageId(ids.messageIdText(id)), id)))
})

t.test('ids: only a UUID of version 7 is a message id', async (t) => {
  fc.assert(fc.property(fc.uuid({ version: [1, 4, 6, 8] }), (text) => t.equal(ids.parseMessageId(text), undefined)))
  for (const text of ['', 'x', '0190163d-8694-739b-0ea5-966c26f8ad91', '0190163d8694739baea5966c26f8ad91'])
    t.equal(ids.parseMessageId(text), undefined)
})
