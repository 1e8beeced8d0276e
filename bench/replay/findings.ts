/**
 * Findings: what went against a promise, counted by kind, with the first ones in words. All zeros is what a replay is for.
 */
export interface Findings {
  /** Acked entries a device should have seen and did not. */
  readonly lost: number
  /** Entries seen twice, or stored twice. */
  readonly duplicated: number
  /** Entries at the wrong place, with other content, from before the device joined, or that nobody was acked for. */
  readonly outOfOrder: number
  readonly texts: readonly string[]
}

export type FindingKind = 'lost' | 'duplicated' | 'outOfOrder'

/** Enough to see what is wrong; the counts go on. */
const MAX_TEXTS = 20

export const noFindings = (): Findings => ({ lost: 0, duplicated: 0, outOfOrder: 0, texts: [] })

export const conflict = (kind: FindingKind, text: string): Findings => ({ ...noFindings(), [kind]: 1, texts: [text] })

export const isClean = ({ lost, duplicated, outOfOrder }: Findings): boolean => lost + duplicated + outOfOrder === 0

export function together(a: Findings, b: Findings): Findings {
  return {
    lost: a.lost + b.lost,
    duplicated: a.duplicated + b.duplicated,
    outOfOrder: a.outOfOrder + b.outOfOrder,
    texts: a.texts.length >= MAX_TEXTS ? a.texts : [...a.texts, ...b.texts].slice(0, MAX_TEXTS),
  }
}
