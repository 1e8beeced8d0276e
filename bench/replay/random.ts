/**
 * Random: numbers that follow from a seed (mulberry32, public domain by Tommy Ettinger), so that a replay interrupts the
 * same devices at the same points again.
 */
import { createHash } from 'node:crypto'

/** Each call answers the next number from 0 up to, not including, 1. */
export type Random = () => number

export function seededRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
