/**
 * Fingerprint: 64 bits that stand for a text, as two 32-bit words that need no object. For tables in memory only: it
 * is faster on short texts than XXH64 through WebAssembly, seeded per table, and may differ from release to release.
 * Each word is a multiply-xor over the characters with MurmurHash3's finalizer; not for secrets.
 */

/** One multiplier per word; both odd, so that no step loses information. */
export const HIGH_WORD = 0x9e3779b1
export const LOW_WORD = 0x5f356495

/** Goes on from `state` with the characters of `text` and a mark of its end. */
export function absorb(state: number, text: string, multiplier: number): number {
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), multiplier)
  return Math.imul(state ^ 0x10000, multiplier)
}

/** The finished word: a signed 32-bit integer. */
export function finish(state: number): number {
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return state ^ (state >>> 16)
}
