/**
 * Notice: an entry of `u:<user>` that says the user came into a conversation, or is out of it, as of one of its entries.
 */
import type { Position } from '../frames.js'
import type { ClientEntry } from './client-entry.js'

export interface Notice extends Position {
  readonly isEntered: boolean
}

/** Undefined for entries that say something else. */
export function noticeOf({ kind, extra }: ClientEntry): Notice | undefined {
  if (kind !== 'entered' && kind !== 'exited') return undefined
  const { conversation, epoch, seq } = extra ?? {}
  if (typeof conversation !== 'string' || typeof epoch !== 'number' || typeof seq !== 'number') return undefined
  return { conversation, epoch, seq, isEntered: kind === 'entered' }
}
