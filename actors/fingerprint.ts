/**
 * Fingerprint: 64 bits that stand for one or several texts, as two signed 32-bit words. For tables in memory only: on short
 * texts it is faster than XXH64 through WebAssembly, it is seeded per table, and it may differ from release to release.
 * Each word is a multiply-xor over the characters, ended by MurmurHash3's finalizer; not for secrets. One object is
 * used again and again: begin, absorb each text, finish, read the words.
 */

// Odd, so that no step loses information.
const HIGH_MULTIPLIER = 0x9e3779b1
const LOW_MULTIPLIER = 0x5f356495
/** Absorbed after each text; no character has this value. */
const END = 0x10000

export class Fingerprint {
  high = 0
  low = 0

  begin(seed: number): void {
    this.high = seed | 0
    this.low = seed | 0
  }

  absorb(text: string): void {
    let { high, low } = this
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      high = Math.imul(high ^ code, HIGH_MULTIPLIER)
      low = Math.imul(low ^ code, LOW_MULTIPLIER)
    }
    this.high = Math.imul(high ^ END, HIGH_MULTIPLIER)
    this.low = Math.imul(low ^ END, LOW_MULTIPLIER)
  }

  finish(): void {
    this.high = spread(this.high)
    this.low = spread(this.low)
  }
}

/** Lets every bit count for every other one. */
function spread(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}
