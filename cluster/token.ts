/**
 * Token: makes the JWTs that `rookery token` prints and tests use, signed with HS256. Checking them is auth.ts's work; who may
 * have one is decided by whoever holds the secret.
 */
import { SignJWT } from 'jose'
import { isUserId, type UserId } from '../protocol/ids.js'

export interface TokenRequest {
  /** The HS256 secret, at least 32 bytes in UTF-8. */
  readonly secret: string
  readonly user: UserId
  /** Seconds the token is good for. */
  readonly seconds: number
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
}

const SECRET_BYTES = 32

/** The bytes of a secret; throws when it is too short to be one. */
export function secretBytes(secret: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret)
  if (bytes.byteLength >= SECRET_BYTES) return bytes
  throw new Error(`an HS256 secret needs at least ${SECRET_BYTES} bytes, this one has ${bytes.byteLength}`)
}

export function issueToken({ secret, user, seconds, issuer, audience }: TokenRequest): Promise<string> {
  if (!isUserId(user)) throw new Error('a user id is 1 to 64 characters of A-Z a-z 0-9 _ . ~ -')
  const now = Math.floor(Date.now() / 1000)
  const token = new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
  if (issuer !== undefined) token.setIssuer(issuer)
  if (audience !== undefined) token.setAudience(audience)
  return token.sign(secretBytes(secret))
}
