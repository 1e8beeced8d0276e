/**
 * Auth claims: what a token whose signature is good must also say: that it is for this cluster and for now
 * (RFC 7519, section 4.1). Throws the first thing that is wrong, in words that are safe to log.
 */
import type { JWTPayload } from 'jose'

export interface ClaimRules {
  /** Required `iss` when given. */
  readonly issuer?: string | undefined
  /** Required among `aud` when given. */
  readonly audience?: string | undefined
  /** Seconds by which the clocks of issuer and node may differ. */
  readonly clockTolerance: number
  /** Whether a token must end some day. */
  readonly expiryRequired: boolean
}

/** `now` in seconds since 1970. */
export function checkClaims(claims: JWTPayload, rules: ClaimRules, now: number): void {
  checkTimes(claims, rules, now)
  if (rules.issuer !== undefined && claims.iss !== rules.issuer) throw new Error('the token is of another issuer')
  if (rules.audience !== undefined && !audiences(claims).includes(rules.audience)) {
    throw new Error('the token is for another audience')
  }
}

function checkTimes({ exp, nbf }: JWTPayload, rules: ClaimRules, now: number): void {
  if (exp === undefined && rules.expiryRequired) throw new Error('the token has no expiry (exp)')
  if (!isTime(exp) || !isTime(nbf)) throw new Error('a time in the token is not a number')
  if (exp !== undefined && exp + rules.clockTolerance <= now) throw new Error('the token expired')
  if (nbf !== undefined && nbf - rules.clockTolerance > now) throw new Error('the token is not valid yet')
}

const isTime = (value: unknown): boolean => value === undefined || Number.isFinite(value)

function audiences({ aud }: JWTPayload): readonly string[] {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) ? aud : []
}
