/**
 * The statement that archives a batch: the position of the shard and everything the batch holds, in one round trip. The position
 * moves only if it is the one the batch continues from, and every other part reads from that row: no row, nothing written.
 * Entries that are there already stay; a conversation never goes back within an epoch; marks only rise.
 */
import type { QueryConfig } from 'pg'
import { hash64 } from '../actors/hash.js'
import type { ArchiveBatch, StoredConversation } from '../actors/history.js'
import type { Entry } from '../protocol/entry.js'
import type { RefusedRow } from './history-quarantine.js'
import {
  bigintArray,
  boolArray,
  byteaArray,
  int2Array,
  int4Array,
  int8Array,
  textArray,
  uuidArray,
} from './postgres-binary.js'

const ARCHIVE = `
WITH moved AS (
  UPDATE shards SET stream = $4, seq = $5, epoch = $6 WHERE shard = $1 AND stream = $2 AND seq = $3
  RETURNING shard, stream, seq
), entries AS (
  INSERT INTO messages (conversation, seq, epoch, ordinal, time, sender, device, message_id, version, kind, type, priority, ttl,
    content, extra)
  SELECT e.* FROM moved, unnest($7::text[], $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::text[], $13::text[],
    $14::uuid[], $15::int2[], $16::int2[], $17::int2[], $18::int2[], $19::int4[], $20::bytea[], $21::bytea[]) AS e
  ON CONFLICT (conversation, seq, time) DO NOTHING
), states AS (
  SELECT c.* FROM moved, unnest($22::text[], $23::int8[], $24::text[], $25::int8[], $26::int8[], $27::int8[], $28::int8[],
    $29::text[], $30::bool[], $31::text[], $32::int8[])
    AS c (id, hash, kind, epoch, head, ordinal, membership_seq, title, open, creator, time)
), conversed AS (
  INSERT INTO conversations AS old (id, hash, kind, epoch, head, ordinal, membership_seq, title, open, creator, time)
  SELECT * FROM states
  ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, head = excluded.head, ordinal = excluded.ordinal,
    membership_seq = excluded.membership_seq, title = excluded.title, open = excluded.open, creator = excluded.creator,
    time = excluded.time
  WHERE (excluded.epoch, excluded.head) >= (old.epoch, old.head)
), appeared AS (
  INSERT INTO users (id, hash, first_seen) SELECT substr(id, 3), hash, time FROM states WHERE kind = 'user'
  ON CONFLICT DO NOTHING
), took_part AS (
  INSERT INTO participants AS old (conversation, user_id, role, spans, delivered, read)
  SELECT p.conversation, p.user_id, p.role, p.spans::int8[], p.delivered, p.read
  FROM moved, unnest($33::text[], $34::text[], $35::text[], $36::text[], $37::int8[], $38::int8[])
    AS p (conversation, user_id, role, spans, delivered, read)
  ON CONFLICT (conversation, user_id) DO UPDATE SET role = excluded.role, spans = excluded.spans,
    delivered = greatest(old.delivered, excluded.delivered), read = greatest(old.read, excluded.read)
), changes AS (
  SELECT l.* FROM moved, unnest($39::text[], $40::text[], $41::int8[], $42::int8[], $43::bool[])
    AS l (user_id, conversation, since, epoch, gone)
), listed AS (
  INSERT INTO lists (user_id, conversation, since, epoch)
  SELECT user_id, conversation, since, epoch FROM changes WHERE NOT gone
  ON CONFLICT (user_id, conversation) DO UPDATE SET since = excluded.since, epoch = excluded.epoch
), unlisted AS (
  DELETE FROM lists USING changes c WHERE c.gone AND lists.user_id = c.user_id AND lists.conversation = c.conversation
), refused AS (
  INSERT INTO quarantine (shard, stream, seq, what, reason, body)
  SELECT moved.*, q.* FROM moved, unnest($44::text[], $45::text[], $46::bytea[]) AS q
)
SELECT count(*)::int AS moved FROM moved`

/** Throws a RangeError when a value cannot be what its column holds. */
export function archiveStatement(batch: ArchiveBatch, refused: readonly RefusedRow[]): QueryConfig {
  const { shard, fromStream, from, stream, to, epoch } = batch
  const conversations = latest(batch.conversations, ({ conversation }) => conversation)
  return {
    name: 'archive',
    text: ARCHIVE,
    values: [
      ...[shard, fromStream, from, stream, to, epoch],
      ...entryColumns(batch.entries, epochOf(conversations, epoch)),
      ...conversationColumns(conversations),
      ...participantColumns(batch),
      ...listColumns(batch),
      ...refusedColumns(refused),
    ],
  }
}

/** An entry belongs to its conversation's epoch, which may be higher than the shard's. */
function epochOf(conversations: readonly StoredConversation[], otherwise: number): (entry: Entry) => number {
  const epochs = new Map(conversations.map(({ conversation, epoch }) => [conversation, epoch]))
  return ({ conversation }) => epochs.get(conversation) ?? otherwise
}

function entryColumns(entries: readonly Entry[], epoch: (entry: Entry) => number): Buffer[] {
  return [
    textArray(entries.map((entry) => entry.conversation)),
    int8Array(entries.map((entry) => entry.seq)),
    int8Array(entries.map(epoch)),
    int8Array(entries.map((entry) => entry.ordinal)),
    int8Array(entries.map((entry) => entry.time)),
    textArray(entries.map((entry) => entry.sender)),
    textArray(entries.map((entry) => entry.device)),
    uuidArray(entries.map((entry) => entry.id)),
    int2Array(entries.map((entry) => entry.version)),
    int2Array(entries.map((entry) => entry.kind)),
    int2Array(entries.map((entry) => entry.type)),
    int2Array(entries.map((entry) => entry.priority)),
    int4Array(entries.map((entry) => entry.ttl)),
    byteaArray(entries.map((entry) => entry.content)),
    byteaArray(entries.map((entry) => entry.extra)),
  ]
}

function conversationColumns(rows: readonly StoredConversation[]): Buffer[] {
  return [
    textArray(rows.map((row) => row.conversation)),
    bigintArray(rows.map((row) => BigInt.asIntN(64, hash64(row.conversation)))),
    textArray(rows.map((row) => row.kind)),
    int8Array(rows.map((row) => row.epoch)),
    int8Array(rows.map((row) => row.head)),
    int8Array(rows.map((row) => row.ordinal)),
    int8Array(rows.map((row) => row.membershipSeq)),
    textArray(rows.map((row) => cleanText(row.title))),
    boolArray(rows.map((row) => row.open)),
    textArray(rows.map((row) => row.creator)),
    int8Array(rows.map((row) => row.time)),
  ]
}

function participantColumns(batch: ArchiveBatch): Buffer[] {
  const rows = latest(batch.participants, (row) => `${row.conversation}\0${row.participant.user}`)
  return [
    textArray(rows.map((row) => row.conversation)),
    textArray(rows.map((row) => row.participant.user)),
    textArray(rows.map((row) => row.participant.role)),
    textArray(rows.map((row) => `{${row.participant.spans.join()}}`)),
    int8Array(rows.map((row) => row.participant.delivered)),
    int8Array(rows.map((row) => row.participant.read)),
  ]
}

function listColumns(batch: ArchiveBatch): Buffer[] {
  const rows = latest(batch.list, (row) => `${row.user}\0${row.item.conversation}`)
  return [
    textArray(rows.map((row) => row.user)),
    textArray(rows.map((row) => row.item.conversation)),
    int8Array(rows.map((row) => row.item.since)),
    int8Array(rows.map((row) => row.item.epoch)),
    boolArray(rows.map((row) => row.gone)),
  ]
}

function refusedColumns(refused: readonly RefusedRow[]): Buffer[] {
  return [
    textArray(refused.map((row) => row.what)),
    textArray(refused.map((row) => cleanText(row.reason))),
    byteaArray(refused.map((row) => row.body)),
  ]
}

/** Text to show: NUL, which no text column holds, becomes the replacement character. */
const cleanText = (text: string): string => text.replaceAll('\0', '\ufffd')

/** One statement writes a row once: of several rows with the same key, the last. */
function latest<T>(rows: readonly T[], key: (row: T) => string): T[] {
  return [...new Map(rows.map((row) => [key(row), row])).values()]
}
