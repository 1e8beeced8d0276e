/**
 * Pages of a conversation for one participant: what lies in the part of a seq range that they may see, from the entries the owner
 * keeps in memory, else from history. Answers at once when memory holds it all, with a promise when history must be asked.
 */
import { encodeWholeEntry } from '../protocol/entry-codec.js'
import type { Entry } from '../protocol/entry.js'
import type { Item } from '../protocol/frames.js'
import type { ConversationId } from '../protocol/ids.js'
import { LIMITS } from '../protocol/limits.js'
import type { ReadableHistory } from './whole-history.js'
import type { KeptEntries, KeptEntry } from './kept-entries.js'
import { lastVisible, visible } from './spans.js'

export interface PageRequest {
  readonly conversation: ConversationId
  readonly spans: readonly number[]
  readonly from: number
  readonly to: number
  readonly limit: number
  /** True: the newest of the range; false: the oldest. */
  readonly newest: boolean
  /** Numbers of MESSAGE_TYPE; empty for all. */
  readonly types: readonly number[]
  /** Seq of the newest stored entry. */
  readonly head: number
}

export interface PageContent {
  readonly items: readonly Item[]
  readonly more: boolean
}

export function readPage(
  history: ReadableHistory,
  kept: KeptEntries,
  request: PageRequest,
): PageContent | Promise<PageContent> {
  const parts = visible(request.spans, request.from, request.to)
  const lowest = parts[0]?.[0]
  if (lowest === undefined || request.limit === 0) return { items: [], more: lowest !== undefined }
  if (kept.first <= lowest || enoughKept(kept, parts, request)) {
    const found = parts.flatMap(([from, to]) => kept.range(from, to)).filter((entry) => wanted(entry, request.types))
    return toPage(found, request)
  }
  return fromHistory(history, kept, parts, request).then((found) => toPage(found, request))
}

/** The newest page of the last interval may be in memory although older ones are not. */
function enoughKept(kept: KeptEntries, parts: readonly [number, number][], request: PageRequest): boolean {
  const last = parts.at(-1)
  if (!request.newest || request.types.length > 0 || last === undefined) return false
  return parts.length === 1 && last[1] - kept.first + 1 > request.limit
}

async function fromHistory(
  history: ReadableHistory,
  kept: KeptEntries,
  parts: readonly [number, number][],
  request: PageRequest,
): Promise<KeptEntry[]> {
  const found: KeptEntry[] = []
  const ordered = request.newest ? [...parts].reverse() : parts
  for (const [from, to] of ordered) {
    const limit = request.limit + 1 - found.length
    if (limit <= 0) break
    const memory = kept.range(from, to).filter((entry) => wanted(entry, request.types))
    const below = Math.min(to, kept.first - 1)
    const { conversation, newest, types } = request
    const enough = newest && memory.length >= limit
    const stored =
      below < from || enough ? [] : await history.page({ conversation, from, to: below, limit, newest, types })
    const older = stored.map(keptOf)
    // whoever else was away will ask for the same
    if (types.length === 0) kept.adopt(older, request.head)
    const part = [...older, ...memory]
    if (newest) found.unshift(...part.slice(-limit))
    else found.push(...part.slice(0, limit))
  }
  return found
}

const keptOf = (entry: Entry): KeptEntry => {
  const { seq, time, sender, id, type } = entry
  return { seq, time, sender, id, type, bytes: encodeWholeEntry(entry) }
}

const wanted = (entry: KeptEntry, types: readonly number[]): boolean => types.length === 0 || types.includes(entry.type)

/** Cuts to the limits of entries and bytes, and names for each entry the one before it. */
function toPage(found: readonly KeptEntry[], request: PageRequest): PageContent {
  const { newest, spans } = request
  const ordered = newest ? [...found].reverse() : found
  const taken: Item[] = []
  let bytes = 0
  for (const entry of ordered) {
    bytes += entry.bytes.length
    if (taken.length === request.limit || (taken.length > 0 && bytes > LIMITS.pageBytes)) break
    taken.push({ prev: lastVisible(spans, entry.seq - 1), entry: entry.bytes })
  }
  return { items: newest ? taken.reverse() : taken, more: taken.length < found.length }
}
