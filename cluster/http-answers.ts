/**
 * HTTP answers: what the HTTP API gives out. Replies of the node are answered as the JSON subprotocol writes them, so that there
 * is one readable form of everything. The shapes are what the OpenAPI document and the tests are held against; nothing is
 * validated on the way out.
 */
import { z } from 'zod'
import { utf8Text } from '../protocol/bytes.js'
import { jsonCodec } from '../protocol/codec-json.js'
import type { Reply } from '../protocol/frames.js'
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

const entry = z.strictObject({
  /** Absent for version 1. */
  version: z.number().optional(),
  /** A name of ENTRY_KIND, or the number of a kind this version does not know; `type` likewise. */
  kind: z.union([z.string(), z.number()]),
  conversation: z.string(),
  seq: z.number(),
  ordinal: z.number(),
  time: z.number(),
  sender: z.string(),
  device: z.string(),
  id: z.string().optional(),
  type: z.union([z.string(), z.number()]).optional(),
  /** UTF-8 content as text, other content as base64. */
  content: z.string().optional(),
  contentBase64: z.string().optional(),
  extra: z.record(z.string(), z.unknown()).optional(),
  priority: z.number().optional(),
  ttl: z.number().optional(),
})
const item = z.strictObject({ prev: z.number(), entry })
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

/** The reply as the JSON subprotocol writes it, without what belongs to its frame. */
export function jsonOf(reply: Reply): unknown {
  const fields = JSON.parse(utf8Text(jsonCodec.encodeServerFrame(reply)) ?? '{}') as object
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'frame' && name !== 'ref'))
}
