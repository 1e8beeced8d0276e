/**
 * Intervals of visibility of one participant: flat and rising, since, until, since, until …; both ends belong to it, and an odd
 * length means that the last one is open. A user who left sees everything up to and with the entry by which they left.
 */

export const isOpen = (spans: readonly number[]): boolean => spans.length % 2 === 1

/** Begins an interval at `seq`, unless one is open. */
export const opened = (spans: readonly number[], seq: number): number[] =>
  isOpen(spans) ? [...spans] : [...spans, seq]

/** Ends the open interval with `seq`, if there is one. */
export const closed = (spans: readonly number[], seq: number): number[] =>
  isOpen(spans) ? [...spans, seq] : [...spans]

/** The parts of `from`..`to` (both included) that are visible, rising. */
export function visible(spans: readonly number[], from: number, to: number): [number, number][] {
  const parts: [number, number][] = []
  for (let i = 0; i < spans.length; i += 2) {
    const start = Math.max(from, spans[i] as number)
    const end = Math.min(to, spans[i + 1] ?? Infinity)
    if (start <= end) parts.push([start, end])
  }
  return parts
}

/** The highest visible seq up to `to`; 0 when there is none. */
export function lastVisible(spans: readonly number[], to: number): number {
  const parts = visible(spans, 1, to)
  return parts.at(-1)?.[1] ?? 0
}
