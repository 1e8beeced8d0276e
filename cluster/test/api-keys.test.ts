/** G1, I3: who may use the HTTP API. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { apiKeys } from '../api-keys.js'

const KEY = randomBytes(24).toString('hex')

t.test('api keys: a key is accepted as given and by its hash, and no other', async (t) => {
  const hashed = `sha256:${createHash('sha256').update(KEY).digest('hex')}`
  for (const configured of [KEY, hashed]) {
    const keys = apiKeys([randomBytes(24).toString('hex'), configured])
    t.equal(keys.accepts(`Bearer ${KEY}`), true)
    t.equal(keys.accepts(`bearer  ${KEY}`), true)
    for (const wrong of ['', KEY, `Basic ${KEY}`, `Bearer ${KEY}x`, 'Bearer ', `Bearer ${hashed}`]) {
      t.equal(keys.accepts(wrong), false)
    }
  }
})

t.test('api keys: without a configured key nothing is accepted', async (t) => {
  t.equal(apiKeys([]).configured, false)
  t.equal(apiKeys([]).accepts(`Bearer ${KEY}`), false)
})

t.test('api keys: a short key and a broken hash are refused', async (t) => {
  for (const bad of ['', 'short', 'sha256:abc', `sha256:${'g'.repeat(64)}`]) t.throws(() => apiKeys([bad]), /API key/)
})
