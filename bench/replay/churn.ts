/**
 * Churn: when a device loses its connection. A share of the devices does so again and again, after a random number of
 * entries: half the time the socket breaks without a warning, half the time the device is away for a while and comes back
 * as a new client that knows only its stored positions. Everything follows from the seed.
 */
import { seededRandom } from './random.js'

export type Interruption =
  { readonly kind: 'drop' } | { readonly kind: 'absence'; readonly milliseconds: number } | { readonly kind: 'none' }

export interface Churn {
  /** Whether this device is one of those that are interrupted. */
  readonly restless: boolean
  /** To be asked once for each entry the device sees: what happens to it now. */
  next(): Interruption
}

const ENTRIES = { least: 20, most: 400 }
const ABSENCE_MS = { least: 200, most: 3000 }
const NONE: Interruption = { kind: 'none' }

export function churnOf(user: string, seed: string, share: number): Churn {
  const random = seededRandom(`${seed}/${user}`)
  const restless = random() < share
  const between = ({ least, most }: { least: number; most: number }) => Math.floor(least + random() * (most - least))
  let left = between(ENTRIES)
  return {
    restless,
    next() {
      if (!restless || --left > 0) return NONE
      left = between(ENTRIES)
      return random() < 0.5 ? { kind: 'drop' } : { kind: 'absence', milliseconds: between(ABSENCE_MS) }
    },
  }
}
