/**
 * HTTP answers: the shapes of what the HTTP API gives out, and how replies of the node become them. The shapes type the routes
 * and are what the OpenAPI document is held against; nothing is validated on the way out.
 */
import { z } from 'zod'
import { base64Text, utf8Text } from '../protocol/bytes.js'
import { ENTRY_KIND, MESSAGE_TYPE, type Entry } from '../protocol/entry.js'
import { decodeEntry } from '../protocol/entry-codec.js'
import type { Item, PageReply } from '../protocol/frames.js'
import { messageIdText } from '../protocol/ids.js'
import { role } from './http-input.js'

const place = { epoch: z.number(), seq: z.number() }
export const published = z.strictObject({ id: z.string(), ...place, time: z.number() })
export const changed = z.strictObject({ conversation: z.string(), ...place, time: z.number() })

export const conversationList = z.strictObject({
  items: z.array(z.strictObject({ conversation: z.string(), since: z.number(), epoch: z.number() })).readonly(),
  more: z.boolean(),
  ...place,
})

const participant = z.strictObject({ user: z.string(), role, delivered: z.number(), read: z.number() })
export const participantList = z.strictObject({
  title: z.string(),
  items: z.array(participant).readonly(),
  more: z.boolean(),
})

const presenceItem = z.strictObject({
  user: z.string(),
  state: z.enum(['online', 'away', 'busy', 'offline']),
  lastSeen: z.number(),
})
export const presenceList = z.strictObject({ items: z.array(presenceItem).readonly() })

const item = z.strictObject({
  prev: z.number(),
  seq: z.number(),
  ordinal: z.number(),
  /** A name of ENTRY_KIND, or the number of a kind this version does not know. */
  kind: z.union([z.string(), z.number()]),
  time: z.number(),
  sender: z.string(),
  device: z.string(),
  /** Null for a change. */
  id: z.string().nullable(),
  /** A name of MESSAGE_TYPE; null for a change. */
  type: z.union([z.string(), z.number()]).nullable(),
  /** UTF-8 content as text, other content as base64. */
  content: z.string().optional(),
  contentBase64: z.string().optional(),
  extra: z.unknown(),
  priority: z.number(),
  ttl: z.number(),
})
export const page = z.strictObject({
  conversation: z.string(),
  epoch: z.number(),
  head: z.number(),
  recovered: z.boolean(),
  more: z.boolean(),
  items: z.array(item),
})

const member = z.strictObject({
  node: z.string(),
  incarnation: z.number(),
  version: z.number(),
  address: z.string(),
  ready: z.boolean(),
})
const view = z.strictObject({
  number: z.number(),
  version: z.number(),
  members: z.array(member).readonly(),
  owners: z.array(z.number()).readonly(),
})
export const stats = z.strictObject({
  node: z.string(),
  incarnation: z.number(),
  state: z.enum(['joining', 'serving', 'frozen', 'draining', 'stopped']),
  view: view.nullable(),
  owned: z.array(z.number()).readonly(),
  sessions: z.number(),
  counters: z.record(z.string(), z.number()),
})

/** A reply without what belongs to its frame. */
export function withoutFrame<Reply extends { frame: string; ref: number }>(reply: Reply): Omit<Reply, 'frame' | 'ref'> {
  const { frame: _frame, ref: _ref, ...rest } = reply
  return rest
}

export const pageOf = (reply: PageReply): z.infer<typeof page> => ({
  ...withoutFrame(reply),
  items: reply.items.map(itemOf),
})

const nameOf = (names: Readonly<Record<string, number>>, number: number): string | number =>
  Object.keys(names).find((name) => names[name] === number) ?? number

function itemOf({ prev, entry: bytes }: Item): z.infer<typeof item> {
  const { version: _version, conversation: _conversation, content, id, kind, type, extra, ...rest } = decodeEntry(bytes)
  return {
    prev,
    ...rest,
    kind: nameOf(ENTRY_KIND, kind),
    id: id === '' ? null : messageIdText(id),
    type: type === 0 ? null : nameOf(MESSAGE_TYPE, type),
    ...contentOf(content),
    extra: extra === null ? null : (JSON.parse(extra) as unknown),
  }
}

function contentOf(content: Entry['content']): { content: string } | { contentBase64: string } {
  const text = utf8Text(content)
  return text === undefined ? { contentBase64: base64Text(content) } : { content: text }
}
