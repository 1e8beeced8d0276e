/**
 * Random: numbers from a seed, for simulations and tests. The generator is xoshiro128** 1.1 by Blackman and Vigna
 * (prng.di.unimi.it/xoshiro128starstar.c); its state is filled by counting with the golden ratio and MurmurHash3's finalizer.
 * Not for secrets.
 */
import type { Random } from './clock.js'

const GOLDEN = 0x9e3779b9

/** The same seed (an integer; its low 32 bits count) gives the same numbers, on every machine. */
export function seededRandom(seed: number): Random {
  const next = xoshiro128(mix(seed + GOLDEN), mix(seed + 2 * GOLDEN), mix(seed + 3 * GOLDEN), mix(seed + 4 * GOLDEN))
  return () => next() / 2 ** 32
}

/** The generator itself: unsigned 32-bit integers from a state that must not be all zero. */
export function xoshiro128(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result
  }
}

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
