import { jwtVerify } from 'jose'
import t from 'tap'
import { makeToken, userOfToken } from '../token.js'

t.test('token: another implementation accepts it and reads the user', async (t) => {
  const secret = 'a secret of at least thirty-two bytes'
  const { payload } = await jwtVerify(makeToken('r1.ann', secret), Buffer.from(secret), { algorithms: ['HS256'] })
  t.equal(payload.sub, 'r1.ann')
  t.ok((payload.exp ?? 0) > Date.now() / 1000 + 3600)
})

t.test('token: another secret refuses it', async (t) => {
  await t.rejects(jwtVerify(makeToken('r1.ann', 'one'.repeat(20)), Buffer.from('two'.repeat(20))))
})

t.test('token: it is read back with its own secret, and by no other, nor when it was changed', async (t) => {
  const token = makeToken('r1.ann', 'one'.repeat(20))
  t.equal(userOfToken(token, 'one'.repeat(20)), 'r1.ann')
  t.equal(userOfToken(token, 'two'.repeat(20)), undefined)
  const [header = '', , signature = ''] = token.split('.')
  const claims = Buffer.from(JSON.stringify({ sub: 'r1.bob', exp: 9e9 })).toString('base64url')
  t.equal(userOfToken(`${header}.${claims}.${signature}`, 'one'.repeat(20)), undefined)
})
