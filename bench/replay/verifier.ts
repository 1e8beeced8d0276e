/**
 * Verifier: compares what was seen of a conversation, by a device or in history, with what was acked there, in order and
 * byte for byte (by hash). Pure; it believes neither side to be well-formed.
 */
import { conflict, noFindings, together, type FindingKind, type Findings } from './findings.js'
import type { Truth } from './truth.js'
import type { Seen } from './view.js'

export interface Sight {
  /** Who saw it, for the texts. */
  readonly by: string
  /** The first seq it may see. */
  readonly from: number
  /** True for history, which holds everything; a device of a large conversation is not pushed who joins. */
  readonly isWhole: boolean
  /** In the order it was seen. */
  readonly rows: Iterable<Seen>
}

/** Above so many participants joins are entries, but not pushed. */
const LARGE = 100

export function verify(truth: Truth, { by, from, isWhole, rows }: Sight): Findings {
  const seen = new Set<number>()
  let findings = noFindings()
  let highest = 0
  const report = (kind: FindingKind, seq: number, text: string) => {
    findings = together(findings, conflict(kind, `${by}, ${truth.conversation} seq ${String(seq)}: ${text}`))
  }
  for (const row of rows) {
    const { seq } = row
    if (seen.has(seq)) report('duplicated', seq, 'seen again')
    else if (seq < highest) report('outOfOrder', seq, `seen after ${String(highest)}`)
    const acked = truth.entries.get(seq)
    if (acked === undefined) reportForeign(truth, row, report)
    else if (acked.hash !== row.hash) report('outOfOrder', seq, 'is not what was acked there')
    if (row.epoch !== truth.epoch) report('outOfOrder', seq, `in epoch ${String(row.epoch)}`)
    if (seq < from) report('outOfOrder', seq, `seen although it joined at ${String(from)}`)
    seen.add(seq)
    highest = Math.max(highest, seq)
  }
  const allOwed = isWhole || changesIn(truth) <= LARGE
  for (const [seq, { isMessage }] of truth.entries) {
    if (seq >= from && !seen.has(seq) && (isMessage || allOwed)) report('lost', seq, 'acked, never seen')
  }
  return findings
}

/** Whoever is in was let in by one. */
const changesIn = ({ entries }: Truth): number => [...entries.values()].filter(({ isMessage }) => !isMessage).length

function reportForeign(
  truth: Truth,
  { seq, hash }: Seen,
  report: (kind: FindingKind, seq: number, text: string) => void,
): void {
  const original = [...truth.entries].find(([, entry]) => entry.hash === hash)
  if (original === undefined) report('outOfOrder', seq, 'nobody was acked for it')
  else report('duplicated', seq, `the same entry as seq ${String(original[0])}`)
}
