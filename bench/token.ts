/**
 * Tokens for the users of a benchmark: JWTs signed with HS256 (RFC 7515, RFC 7519) by the secret the server was started
 * with. Made here so that a load generator needs neither the server's code nor a call to it.
 */
import { createHmac } from 'node:crypto'

const HEADER = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))
const LIFE_SECONDS = 24 * 3600

/** A token for `user`, valid for a day. */
export function makeToken(user: string, secret: string): string {
  const issued = Math.floor(Date.now() / 1000) - 60
  const claims = base64url(JSON.stringify({ sub: user, iat: issued, exp: issued + LIFE_SECONDS }))
  const signature = createHmac('sha256', secret).update(`${HEADER}.${claims}`).digest('base64url')
  return `${HEADER}.${claims}.${signature}`
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
