/**
 * Tokens for the users of a benchmark: JWTs signed with HS256 (RFC 7515, RFC 7519) by the secret the server was started
 * with. Made here so that a load generator needs neither the server's code nor a call to it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

const HEADER = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))
const LIFE_SECONDS = 24 * 3600

/** A token for `user`, valid for a day. */
export function makeToken(user: string, secret: string): string {
  const issued = Math.floor(Date.now() / 1000) - 60
  const claims = base64url(JSON.stringify({ sub: user, iat: issued, exp: issued + LIFE_SECONDS }))
  const signature = createHmac('sha256', secret).update(`${HEADER}.${claims}`).digest('base64url')
  return `${HEADER}.${claims}.${signature}`
}

/** Whom a token names; undefined when the signature or the time is not right. By hand, as the node does it: jose takes several times as long. */
export function userOfToken(token: string, secret: string): string | undefined {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const expected = createHmac('sha256', secret).update(`${header}.${claims}`).digest()
  const given = Buffer.from(signature, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const { sub, exp } = JSON.parse(String(Buffer.from(claims, 'base64url'))) as { sub: string; exp: number }
  return exp > Date.now() / 1000 ? sub : undefined
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
