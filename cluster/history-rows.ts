/**
 * Reading history: the queries and what their rows become. Each is one statement, so that what belongs together (the state of a
 * conversation and the position of its shard) comes from one snapshot. Lists inside a row travel as JSON, bytes as bytea.
 */
import type { Activation, KnownId, PageQuery, StoredListItem, StoredParticipant } from '../actors/history.js'
import type { Entry, Role } from '../protocol/entry.js'
import type { ConversationId, ConversationKind, MessageId, UserId } from '../protocol/ids.js'

/** On disk before anybody relies on it, whatever the server's synchronous_commit. */
export const CHOOSE_SHARDS = `
INSERT INTO cluster (shards) SELECT $1 FROM set_config('synchronous_commit', 'on', true) ON CONFLICT DO NOTHING`

export const ACTIVATE = `
SELECT s.stream AS shard_stream, s.seq AS shard_seq, s.epoch AS shard_epoch,
  c.id, c.kind, c.epoch, c.head, c.ordinal, c.membership_seq, c.title, c.open, c.creator, c.time,
  (SELECT json_agg(json_build_array(user_id, role, spans, delivered, read)) FROM participants WHERE conversation = c.id)
    AS participants,
  (SELECT json_agg(json_build_array(conversation, since, epoch)) FROM lists WHERE c.kind = 'user' AND user_id = substr(c.id, 3))
    AS list,
  (SELECT json_agg(json_build_array(sender, message_id, seq, epoch, time)) FROM message_ids(c.id, $3)) AS ids
FROM shards s LEFT JOIN conversations c ON c.id = ANY ($2::text[])
WHERE s.shard = $1`

export interface ActivationRow {
  readonly shard_stream: string
  readonly shard_seq: number
  readonly shard_epoch: number
  /** Null in the only row of an answer without conversations. */
  readonly id: ConversationId | null
  readonly kind: ConversationKind
  readonly epoch: number
  readonly head: number
  readonly ordinal: number
  readonly membership_seq: number
  readonly title: string
  readonly open: boolean
  readonly creator: UserId
  readonly time: number
  readonly participants: readonly [UserId, Role, number[], number, number][] | null
  readonly list: readonly [ConversationId, number, number][] | null
  readonly ids: readonly [UserId, string, number, number, number][] | null
}

export function activations(rows: readonly ActivationRow[]): Activation[] {
  return rows.flatMap((row) => (row.id === null ? [] : [activation(row.id, row)]))
}

function activation(conversation: ConversationId, row: ActivationRow): Activation {
  const { kind, epoch, head, ordinal, membership_seq: membershipSeq, time, title, open, creator } = row
  return {
    state: { conversation, kind, epoch, head, ordinal, membershipSeq, time, title, open, creator },
    participants: (row.participants ?? []).map(([user, role, spans, delivered, read]): StoredParticipant => ({
      user,
      role,
      spans,
      delivered,
      read,
    })),
    list: (row.list ?? []).map(([id, since, epoch]): StoredListItem => ({ conversation: id, since, epoch })),
    ids: (row.ids ?? []).map(([sender, id, seq, epoch, time]): KnownId => ({
      sender,
      id: latin1Id(id),
      seq,
      epoch,
      time,
    })),
  }
}

/** Should a seq exist in two epochs, the newer one is history. */
const page = (order: 'ASC' | 'DESC'): string => `
SELECT DISTINCT ON (seq)
  version, kind, seq, ordinal, time, sender, device, message_id, type, content, extra, priority, ttl
FROM messages
WHERE conversation = $1 AND seq BETWEEN $2 AND $3 AND (cardinality($4::int2[]) = 0 OR type = ANY ($4))
ORDER BY seq ${order}, epoch DESC
LIMIT $5`

export const PAGE_NEWEST = { name: 'page-newest', text: page('DESC') }
export const PAGE_OLDEST = { name: 'page-oldest', text: page('ASC') }

export interface EntryRow {
  readonly version: number
  readonly kind: number
  readonly seq: number
  readonly ordinal: number
  readonly time: number
  readonly sender: UserId
  readonly device: string
  readonly message_id: string | null
  readonly type: number
  readonly content: Buffer
  readonly extra: Buffer | null
  readonly priority: number
  readonly ttl: number
}

/** The entries of a page, rising. */
export function entries(rows: readonly EntryRow[], query: PageQuery): Entry[] {
  const found = rows.map((row) => entry(query.conversation, row))
  return query.newest ? found.reverse() : found
}

function entry(conversation: ConversationId, row: EntryRow): Entry {
  const { message_id: id, extra, ...same } = row
  return { ...same, conversation, id: id === null ? '' : latin1Id(id), extra: extra === null ? null : extra.toString() }
}

export const FIND_ID = `
SELECT seq, epoch, time FROM messages WHERE message_id = $1 AND conversation = $2 AND sender = $3
ORDER BY epoch DESC, seq LIMIT 1`

export const MARK = `
UPDATE participants p SET delivered = greatest(p.delivered, m.delivered), read = greatest(p.read, m.read)
FROM (
  SELECT conversation, user_id, max(delivered) AS delivered, max(read) AS read
  FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[]) AS m (conversation, user_id, delivered, read)
  GROUP BY conversation, user_id
) m
WHERE p.conversation = m.conversation AND p.user_id = m.user_id AND (m.delivered > p.delivered OR m.read > p.read)`

/** The 16 bytes of a UUID, a character each (protocol/ids.ts). */
function latin1Id(uuid: string): MessageId {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('latin1')
}
