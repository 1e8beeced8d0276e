/**
 * API keys: who may use the HTTP API. Only hashes are kept. A presented key is hashed and compared with every one of them in
 * constant time, so neither the duration nor memory tells anything about a key.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

export interface ApiKeys {
  /** Whether any key is configured; without one the API is off. */
  readonly configured: boolean
  /** Whether the value of an `Authorization` header presents a known key. */
  accepts(authorization: string): boolean
}

const KEY_CHARACTERS = 32
const HASHED = /^sha256:([0-9a-f]{64})$/
const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i

/** Each key as it is (at least 32 characters) or as `sha256:<hex of its hash>`. Throws on one that is neither. */
export function apiKeys(keys: readonly string[]): ApiKeys {
  const hashes = keys.map(hashOf)
  return {
    configured: hashes.length > 0,
    accepts(authorization) {
      const key = BEARER.exec(authorization)?.[1]
      return key !== undefined && known(sha256(key), hashes)
    },
  }
}

/** Looks at every hash, also after a match. */
function known(presented: Buffer, hashes: readonly Buffer[]): boolean {
  let matches = 0
  for (const hash of hashes) matches += timingSafeEqual(presented, hash) ? 1 : 0
  return matches > 0
}

function hashOf(key: string): Buffer {
  const hex = HASHED.exec(key)?.[1]
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  if (key.length >= KEY_CHARACTERS && !key.startsWith('sha256:')) return sha256(key)
  throw new Error(`an API key has at least ${KEY_CHARACTERS} characters, or is sha256: and 64 hexadecimal digits`)
}

const sha256 = (key: string): Buffer => createHash('sha256').update(key).digest()
