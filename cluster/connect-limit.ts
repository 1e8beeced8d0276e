/**
 * Connect limit: how often one client address may connect. A table of fixed size without an object per address: the oldest of
 * four neighbours makes room for a new address, so a flood of addresses costs no memory and at worst forgives a few.
 * Each cell holds the time at which the address has used up nothing again (GCRA, ITU-T I.371).
 */
import { isIPv6 } from 'node:net'

export interface ConnectRate {
  /** Connections in the long run; 0 for no limit. */
  readonly perSecond: number
  /** Connections at once. */
  readonly burst: number
}

const WAYS = 4

export class ConnectLimit {
  readonly #rate: ConnectRate
  readonly #keys: Uint32Array
  /** Milliseconds, on the clock of `take`. */
  readonly #fresh: Float64Array
  readonly #seed: number

  /** `seed` keeps outsiders from choosing addresses that share a cell; `cells` is a power of two. */
  constructor(rate: ConnectRate, seed: number, cells = 65_536) {
    this.#rate = rate
    this.#keys = new Uint32Array(cells)
    this.#fresh = new Float64Array(cells)
    this.#seed = seed
  }

  /** Counts a connection at `now` (milliseconds, rising) and answers 0, or the milliseconds to wait when it is one too many. */
  take(address: string, now: number): number {
    const { perSecond, burst } = this.#rate
    if (perSecond === 0) return 0
    const cell = this.#cell(address)
    const interval = 1000 / perSecond
    const fresh = Math.max(this.#fresh[cell] as number, now) + interval
    const wait = fresh - now - interval * burst
    if (wait > 0) return wait
    this.#fresh[cell] = fresh
    return 0
  }

  #cell(address: string): number {
    const key = fingerprint(limited(address), this.#seed)
    const first = (Math.imul(key, 0x9e3779b1) >>> 0) & (this.#keys.length - WAYS)
    let oldest = first
    for (let cell = first; cell < first + WAYS; cell++) {
      if (this.#keys[cell] === key) return cell
      if ((this.#fresh[cell] as number) < (this.#fresh[oldest] as number)) oldest = cell
    }
    this.#keys[oldest] = key
    this.#fresh[oldest] = 0
    return oldest
  }
}

/** What is limited: an IPv4 address, or the /64 of an IPv6 address, which one customer has to himself. */
function limited(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':')
}

/** FNV-1a, never 0 because 0 is an empty cell. */
function fingerprint(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
