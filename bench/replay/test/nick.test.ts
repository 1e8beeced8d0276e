import fc from 'fast-check'
import t from 'tap'
import { isUserId } from '../../../protocol/ids.js'
import { nickToUser, userToNick } from '../nick.js'

const nick = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 9 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('~', '%', '.', '|', '[', '7', 'e', '-'), maxLength: 16 }),
)

t.test('nick: any nick becomes a user id and comes back from it', async () => {
  fc.assert(
    fc.property(nick, (text) => {
      const user = nickToUser(text, 'r1')
      return isUserId(user) && userToNick(user) === text
    }),
  )
})

t.test('nick: different nicks have different user ids', async () => {
  fc.assert(fc.property(nick, nick, (a, b) => a === b || nickToUser(a, 'r1') !== nickToUser(b, 'r1')))
})

t.test('nick: the same nick of two runs is two users', async (t) => {
  t.not(nickToUser('|trey|', 'r1'), nickToUser('|trey|', 'r2'))
})

t.test('nick: a nick without special characters stays readable', async (t) => {
  t.equal(nickToUser('HrdwrBoB', 'r1'), 'r1.HrdwrBoB')
  t.equal(nickToUser('Matt|', 'r1'), 'r1.Matt~7c')
})

t.test('nick: one that cannot fit is refused by name', async (t) => {
  t.throws(() => nickToUser('ж'.repeat(40), 'r1'), /too long/)
})
