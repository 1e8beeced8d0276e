/**
 * Auth: whom a JWT speaks for. Signed with HS256 or EdDSA by a configured key, each key bound to its own algorithm, so that a
 * token cannot choose how it is checked. EdDSA goes through jose; HS256 through node:crypto, because jose's WebCrypto costs
 * 60 us and more a token where this costs 8 (measured on Node 20), and a reconnect storm is made of them.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, importSPKI, type CryptoKey, type JWK } from 'jose'
import type { Authenticator, Identity } from '../actors/authenticator.js'
import { isUserId } from '../protocol/ids.js'
import { LIMITS } from '../protocol/limits.js'
import { checkClaims, type ClaimRules } from './auth-claims.js'
import { secretBytes } from './token.js'

export interface AuthOptions extends ClaimRules {
  /** HS256 secrets, each at least 32 bytes; a token signed with any of them is good. */
  readonly secrets: readonly string[]
  /** EdDSA (Ed25519) public keys, as SPKI PEM or as JWK. */
  readonly publicKeys: readonly (string | JWK)[]
}

interface VerifyKey {
  readonly alg: 'HS256' | 'EdDSA'
  /** Only tokens that name no key or this one are tried with it; undefined for every token. */
  readonly kid: string | undefined
  matches(token: string): boolean | Promise<boolean>
}

/** Rejects when a key cannot be used. The identity's `verify` rejects with a reason that never holds the token. */
export async function jwtAuthenticator(options: AuthOptions): Promise<Authenticator> {
  const secrets = options.secrets.map(secretKey)
  const keys = [...secrets, ...(await Promise.all(options.publicKeys.map(publicKey)))]
  return {
    async verify(token) {
      await checkSignature(token, keys)
      return identityOf(token, options)
    },
  }
}

async function checkSignature(token: string, keys: readonly VerifyKey[]): Promise<void> {
  if (token.length > LIMITS.tokenCharacters) throw new Error('the token is too long')
  const { alg, kid, crit } = headerOf(token)
  if (crit !== undefined) throw new Error('the token has critical extensions')
  const candidates = keysFor(keys, alg, kid)
  if (candidates.length === 0) throw new Error('the token is signed with an algorithm or key that is not accepted')
  for (const key of candidates) if (await key.matches(token)) return
  throw new Error('the signature of the token is wrong')
}

/** The keys a token may be signed with. A JWKS joins here. */
function keysFor(keys: readonly VerifyKey[], alg: unknown, kid: unknown): VerifyKey[] {
  return keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === undefined || key.kid === kid))
}

function headerOf(token: string) {
  try {
    return decodeProtectedHeader(token)
  } catch {
    throw new Error('the token is not a JWT')
  }
}

function identityOf(token: string, rules: ClaimRules): Identity {
  const claims = claimsOf(token)
  checkClaims(claims, rules, Date.now() / 1000)
  const { sub, exp } = claims
  if (typeof sub !== 'string' || !isUserId(sub)) throw new Error('the token names no well-formed user in sub')
  return { user: sub, expires: exp === undefined ? Infinity : exp * 1000 }
}

function claimsOf(token: string) {
  try {
    return decodeJwt(token)
  } catch {
    throw new Error('the token has no JSON claims')
  }
}

function secretKey(secret: string): VerifyKey {
  const key = createSecretKey(secretBytes(secret))
  return { alg: 'HS256', kid: undefined, matches: (token) => hmacMatches(token, key) }
}

/** RFC 7515, section 5.2: the MAC is over the encoded header, a dot and the encoded claims. */
function hmacMatches(token: string, key: KeyObject): boolean {
  const dot = token.lastIndexOf('.')
  const mac = createHmac('sha256', key).update(token.slice(0, dot)).digest()
  const given = Buffer.from(token.slice(dot + 1), 'base64url')
  return given.length === mac.length && timingSafeEqual(given, mac)
}

async function publicKey(given: string | JWK): Promise<VerifyKey> {
  const key = typeof given === 'string' ? await importSPKI(given, 'EdDSA') : await importEd25519(given)
  const kid = typeof given === 'string' ? undefined : given.kid
  return { alg: 'EdDSA', kid, matches: (token) => edDsaMatches(token, key) }
}

async function importEd25519(jwk: JWK): Promise<CryptoKey> {
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519') throw new Error('a public key must be of type OKP, curve Ed25519')
  if (jwk.d !== undefined) throw new Error('this is a private key: give the public one only')
  return (await importJWK({ ...jwk, alg: 'EdDSA' })) as CryptoKey
}

async function edDsaMatches(token: string, key: CryptoKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: ['EdDSA'] })
    return true
  } catch {
    return false
  }
}
