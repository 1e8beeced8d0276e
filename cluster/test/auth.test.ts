/** A2, I3: which tokens are taken, and that a refusal says why without repeating the token. */
import { createHmac, randomBytes } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import t, { type Test } from 'tap'
import { jwtAuthenticator, type AuthOptions } from '../auth.js'
import { issueToken } from '../token.js'

const SECRET = 'a secret of more than thirty-two bytes'
const OTHER = 'another secret that is just as long as it'
const RULES = { secrets: [SECRET], publicKeys: [], clockTolerance: 0, expiryRequired: true } satisfies AuthOptions
const HOUR = 3600
const now = () => Math.floor(Date.now() / 1000)

const signed = (claims: JWTPayload, secret = SECRET) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Expects a refusal whose reason matches and does not hold the token. */
async function refused(test: Test, token: string, reason: RegExp, options: AuthOptions = RULES) {
  const authenticator = await jwtAuthenticator(options)
  const error = await authenticator.verify(token).then(
    () => new Error('the token was accepted'),
    (refusal: unknown) => refusal as Error,
  )
  test.match(error.message, reason)
  test.notOk(token !== '' && error.message.includes(token), 'the reason does not repeat the token')
}

t.test('auth: a token made by issueToken is verified with its user and its end', async (t) => {
  const authenticator = await jwtAuthenticator(RULES)
  const token = await issueToken({ secret: SECRET, user: 'alice', seconds: HOUR })
  const { user, expires } = await authenticator.verify(token)
  t.equal(user, 'alice')
  t.ok(Math.abs(expires - (Date.now() + HOUR * 1000)) < 60_000)
})

t.test('auth: every configured secret is accepted, so that secrets can be rotated', async (t) => {
  const authenticator = await jwtAuthenticator({ ...RULES, secrets: [SECRET, OTHER] })
  for (const secret of [SECRET, OTHER]) {
    t.equal((await authenticator.verify(await issueToken({ secret, user: 'bob', seconds: HOUR }))).user, 'bob')
  }
})

t.test('auth: a token of another secret is refused', async (t) => {
  await refused(t, await issueToken({ secret: OTHER, user: 'alice', seconds: HOUR }), /signature/)
})

t.test('auth: alg none is refused, with and without a signature', async (t) => {
  const claims = encoded({ sub: 'alice', exp: now() + HOUR })
  await refused(t, `${encoded({ alg: 'none' })}.${claims}.`, /algorithm/)
  await refused(t, `${encoded({ alg: 'none' })}.${claims}.AAAA`, /algorithm/)
})

t.test('auth: another HMAC algorithm is refused although the secret is right', async (t) => {
  const head = `${encoded({ alg: 'HS512' })}.${encoded({ sub: 'alice', exp: now() + HOUR })}`
  await refused(t, `${head}.${createHmac('sha512', SECRET).update(head).digest('base64url')}`, /algorithm/)
})

t.test('auth: a public key cannot be used as an HS256 secret', async (t) => {
  const { publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const pem = await exportSPKI(publicKey)
  const confused = await signed({ sub: 'alice', exp: now() + HOUR }, pem)
  await refused(t, confused, /algorithm/, { ...RULES, secrets: [], publicKeys: [pem] })
  await refused(t, confused, /signature/, { ...RULES, publicKeys: [pem] })
})

t.test('auth: EdDSA tokens are verified by PEM and by JWK, and a changed one is refused', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const token = await new SignJWT({ sub: 'carol', exp: now() + HOUR })
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(privateKey)
  for (const key of [await exportSPKI(publicKey), await exportJWK(publicKey)]) {
    const options = { ...RULES, secrets: [], publicKeys: [key] }
    t.equal((await (await jwtAuthenticator(options)).verify(token)).user, 'carol')
    const [head = '', , signature = ''] = token.split('.')
    const forged = `${head}.${encoded({ sub: 'mallory', exp: now() + HOUR })}.${signature}`
    await refused(t, forged, /signature/, options)
  }
})

t.test('auth: a private key is not taken where a public one belongs', async (t) => {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const publicKeys = [await exportJWK(privateKey)]
  await t.rejects(jwtAuthenticator({ ...RULES, publicKeys }), /private/)
})

t.test('auth: expired, not yet valid and endless tokens are refused', async (t) => {
  await refused(t, await signed({ sub: 'alice', exp: now() - 1 }), /expired/)
  await refused(t, await signed({ sub: 'alice', exp: now() + HOUR, nbf: now() + 60 }), /not valid yet/)
  await refused(t, await signed({ sub: 'alice' }), /no expiry/)
  await refused(t, await signed({ sub: 'alice', exp: 'soon' } as unknown as JWTPayload), /not a number/)
})

t.test('auth: the clock tolerance prolongs, and an endless token is taken where that is configured', async (t) => {
  const tolerant = await jwtAuthenticator({ ...RULES, clockTolerance: 30 })
  t.equal((await tolerant.verify(await signed({ sub: 'alice', exp: now() - 5 }))).user, 'alice')
  const lax = await jwtAuthenticator({ ...RULES, expiryRequired: false })
  t.equal((await lax.verify(await signed({ sub: 'alice' }))).expires, Infinity)
})

t.test('auth: issuer and audience must be the configured ones', async (t) => {
  const options = { ...RULES, issuer: 'https://id.example', audience: 'rookery' }
  const good = { sub: 'alice', exp: now() + HOUR, iss: 'https://id.example', aud: ['other', 'rookery'] }
  t.equal((await (await jwtAuthenticator(options)).verify(await signed(good))).user, 'alice')
  await refused(t, await signed({ ...good, iss: 'https://else.example' }), /issuer/, options)
  await refused(t, await signed({ ...good, aud: 'other' }), /audience/, options)
  await refused(t, await signed({ sub: 'alice', exp: now() + HOUR }), /issuer/, options)
})

t.test('auth: sub must be a well-formed user id', async (t) => {
  const exp = now() + HOUR
  for (const sub of ['', 'a b', 'journal.>', 'x'.repeat(65), 'ünï']) await refused(t, await signed({ sub, exp }), /sub/)
  await refused(t, await signed({ exp }), /sub/)
  await refused(t, await signed({ sub: 7, exp } as unknown as JWTPayload), /sub/)
})

t.test('auth: what is not a token is refused in words', async (t) => {
  for (const text of ['', '.', '..', '...', 'abc', 'a.b.c', '💥', 'x'.repeat(9000), `${encoded({ alg: 'HS256' })}..`]) {
    await refused(t, text, /token/)
  }
  const head = `${encoded({ alg: 'HS256' })}.${Buffer.from('[1]').toString('base64url')}`
  await refused(t, `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`, /claims/)
})

t.test('auth: a token with critical extensions is refused', async (t) => {
  const head = `${encoded({ alg: 'HS256', crit: ['b64'], b64: false })}.${encoded({ sub: 'alice', exp: now() + HOUR })}`
  await refused(t, `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`, /critical/)
})

t.test('auth: a secret below 32 bytes is refused at the start', async (t) => {
  const short = randomBytes(15).toString('hex')
  await t.rejects(jwtAuthenticator({ ...RULES, secrets: [short] }), /at least 32 bytes/)
  t.throws(() => issueToken({ secret: short, user: 'alice', seconds: 1 }), /at least 32 bytes/)
  t.throws(() => issueToken({ secret: SECRET, user: 'a b', seconds: 1 }), /user id/)
})
