import { jwtVerify } from 'jose'
import t from 'tap'
import { makeToken } from '../token.js'

t.test('token: another implementation accepts it and reads the user', async (t) => {
  const secret = 'a secret of at least thirty-two bytes'
  const { payload } = await jwtVerify(makeToken('r1.ann', secret), Buffer.from(secret), { algorithms: ['HS256'] })
  t.equal(payload.sub, 'r1.ann')
  t.ok((payload.exp ?? 0) > Date.now() / 1000 + 3600)
})

t.test('token: another secret refuses it', async (t) => {
  await t.rejects(jwtVerify(makeToken('r1.ann', 'one'.repeat(20)), Buffer.from('two'.repeat(20))))
})
