/**
 * Builders of what the owner's side works on: callers, ids, entries as history, memory and the journal hold them. Each gives something valid;
 * a test names only the fields it is about.
 */
import { encodeWholeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND, ENTRY_VERSION } from '../../protocol/entry.js'
import type { Entry } from '../../protocol/entry.js'
import type { MessageId, UserId } from '../../protocol/ids.js'
import { NO_CONSEQUENCES } from '../consequences.js'
import type { ChangeDetail } from '../conversation-state.js'
import { derivedId } from '../enlist.js'
import type { ArchiveBatch } from '../history.js'
import type { KeptEntry } from '../kept-entries.js'
import type { Caller } from '../transport.js'
import type { UnarchivedEntry } from '../unarchived.js'

export const NOW = Date.UTC(2025, 0, 1)
export const GROUP = 'g:00000000-0000-4000-8000-000000000001'
export const OTHER_GROUP = 'g:00000000-0000-4000-8000-000000000002'
export const ROOM = 'r:lobby'
export const DIRECT = 'd:ann:bob'

export const as = (user: UserId): Caller => ({ user, device: 'phone', system: false })
export const SYSTEM: Caller = { user: 'server', device: 'server', system: true }

/** The same name and time give the same id. */
export const idOf = (name: string, time = NOW): MessageId => derivedId(time, name)

export const messageEntry = (seq: number, fields: Partial<Entry> = {}): Entry => ({
  version: ENTRY_VERSION,
  kind: ENTRY_KIND.message,
  conversation: GROUP,
  seq,
  ordinal: seq,
  time: NOW + seq,
  sender: 'ann',
  device: 'phone',
  id: idOf(`message ${String(seq)}`),
  type: 1,
  content: new TextEncoder().encode(`text ${String(seq)}`),
  extra: null,
  priority: 0,
  ttl: 0,
  ...fields,
})

export const changeEntry = (seq: number, kind: number, detail: ChangeDetail, fields: Partial<Entry> = {}): Entry =>
  messageEntry(seq, { kind, type: 0, id: '', content: new Uint8Array(0), extra: JSON.stringify(detail), ...fields })

/** What begins a group of these users, the first of them its owner. */
export const createdEntry = (users: readonly UserId[], fields: Partial<Entry> = {}): Entry =>
  changeEntry(
    1,
    ENTRY_KIND.created,
    {
      title: 'title',
      open: false,
      participants: Object.fromEntries(users.map((user, i) => [user, i === 0 ? 'owner' : 'member'])),
    },
    { sender: users[0] ?? '', ordinal: 0, ...fields },
  )

export function keptEntry(entry: Entry): KeptEntry {
  const { seq, time, sender, id, type } = entry
  return { seq, time, sender, id, type, bytes: encodeWholeEntry(entry) }
}

export const unarchivedEntry = (entry: Entry): UnarchivedEntry => ({
  ...keptEntry(entry),
  conversationId: entry.conversation,
  kind: entry.kind,
  ordinal: entry.ordinal,
  device: entry.device,
  conversation: null,
  consequences: NO_CONSEQUENCES,
  record: null,
})

/** The first batch of shard 0, of these entries alone. */
export const batchOf = (entries: readonly Entry[], fields: Partial<ArchiveBatch> = {}): ArchiveBatch => ({
  shard: 0,
  fromStream: '',
  from: 0,
  stream: 'memory-1',
  to: 1,
  epoch: 7,
  entries,
  conversations: [],
  participants: [],
  list: [],
  ...fields,
})
