/**
 * Quarantine: finds the rows of a batch that Postgres refuses, by trying halves of it, so that they are set aside and the rest
 * goes on. A try writes nothing. One bad row in n costs about 2 log2(n) tries; a batch without one, none.
 */
import { encode } from '@msgpack/msgpack'
import type { ArchiveBatch } from '../actors/history.js'

export type ArchiveRow =
  | { readonly what: 'entry'; readonly row: ArchiveBatch['entries'][number] }
  | { readonly what: 'conversation'; readonly row: ArchiveBatch['conversations'][number] }
  | { readonly what: 'participant'; readonly row: ArchiveBatch['participants'][number] }
  | { readonly what: 'list'; readonly row: ArchiveBatch['list'][number] }

export interface RefusedRow {
  readonly what: ArchiveRow['what']
  readonly reason: string
  /** Msgpack of the row. */
  readonly body: Uint8Array
}

export interface Sifted {
  /** The batch without the rows that are refused. */
  readonly batch: ArchiveBatch
  readonly refused: readonly RefusedRow[]
}

/** `attempt` resolves with the reason when the rows of a batch are refused, with null when they would be taken. */
export async function sift(
  batch: ArchiveBatch,
  attempt: (batch: ArchiveBatch) => Promise<string | null>,
): Promise<Sifted> {
  const taken: ArchiveRow[] = []
  const refused: RefusedRow[] = []
  const divide = async (rows: readonly ArchiveRow[]): Promise<void> => {
    const reason = await attempt(withRows(batch, rows))
    if (reason === null) return void taken.push(...rows)
    const [row] = rows
    if (row === undefined) throw new Error(`Postgres refuses a batch without rows: ${reason}`)
    if (rows.length === 1) return void refused.push({ what: row.what, reason, body: encode(row.row) })
    const middle = rows.length >> 1
    await divide(rows.slice(0, middle))
    await divide(rows.slice(middle))
  }
  await divide(rowsOf(batch))
  return { batch: withRows(batch, taken), refused }
}

function rowsOf({ entries, conversations, participants, list }: ArchiveBatch): ArchiveRow[] {
  return [
    ...entries.map((row) => ({ what: 'entry', row }) as const),
    ...conversations.map((row) => ({ what: 'conversation', row }) as const),
    ...participants.map((row) => ({ what: 'participant', row }) as const),
    ...list.map((row) => ({ what: 'list', row }) as const),
  ]
}

function withRows(batch: ArchiveBatch, rows: readonly ArchiveRow[]): ArchiveBatch {
  return {
    ...batch,
    entries: rows.flatMap((row) => (row.what === 'entry' ? [row.row] : [])),
    conversations: rows.flatMap((row) => (row.what === 'conversation' ? [row.row] : [])),
    participants: rows.flatMap((row) => (row.what === 'participant' ? [row.row] : [])),
    list: rows.flatMap((row) => (row.what === 'list' ? [row.row] : [])),
  }
}
