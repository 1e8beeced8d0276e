/** A3: which web pages may connect. */
import t from 'tap'
import { originCheck } from '../origin.js'

t.test('origin: only listed origins, and requests without one, are allowed', async (t) => {
  const allowed = originCheck(['https://chat.example', 'http://localhost:3000/'])
  for (const origin of ['https://chat.example', 'HTTPS://Chat.Example', 'http://localhost:3000', '']) {
    t.equal(allowed(origin), true, origin)
  }
  for (const origin of ['http://chat.example', 'https://chat.example.evil', 'https://chat.example:8443', 'null']) {
    t.equal(allowed(origin), false, origin)
  }
})

t.test('origin: a star allows every page', async (t) => {
  t.equal(originCheck(['*'])('https://anywhere.example'), true)
})

t.test('origin: an entry that is not an origin is refused', async (t) => {
  for (const bad of ['chat.example', 'https://chat.example/path', 'file:///x', '']) t.throws(() => originCheck([bad]))
})
