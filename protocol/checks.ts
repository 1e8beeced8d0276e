/**
 * The rules for what a client may say, the same in both encodings. The codecs read values of the right type and ask here
 * whether they are allowed; each function answers its value or throws the FrameError that a client gets back. A detail
 * names the field and its limit and never repeats what was received.
 */
import { utf8Bytes } from './bytes.js'
import { FrameError } from './codec.js'
import { MESSAGE_TYPE } from './entry.js'
import type { MessageType } from './entry.js'
import { conversationKind, isMessageId, isUserId } from './ids.js'
import type { ConversationId, ConversationKind, MessageId } from './ids.js'
import { jsonDepth } from './json-text.js'
import { LIMITS } from './limits.js'

const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]*$/u
const SIGNAL_NAME = /^[A-Za-z0-9_.~-]{1,32}$/
const TYPES = Object.keys(MESSAGE_TYPE).length
const LONE_SURROGATE = /\p{Surrogate}/u

/** Every kind of conversation; `u:<user>` is among them, so only for reading. */
const READABLE: readonly ConversationKind[] = ['direct', 'group', 'room', 'user']
/** Conversations that people write to. */
const WRITABLE: readonly ConversationKind[] = ['direct', 'group', 'room']
/** Conversations that are made; a one-to-one conversation begins with its first message. */
const CREATABLE: readonly ConversationKind[] = ['group', 'room']

export const readable = (id: string): ConversationId => conversationOf(READABLE, id)
export const writable = (id: string): ConversationId => conversationOf(WRITABLE, id)
export const creatable = (id: string): ConversationId => conversationOf(CREATABLE, id)

function conversationOf(kinds: readonly ConversationKind[], id: string): ConversationId {
  const kind = conversationKind(id)
  if (kind === undefined) throw new FrameError('bad-id', 'conversation: not a conversation id')
  if (!kinds.includes(kind)) throw new FrameError('bad-id', 'conversation: this kind does not take this command')
  return id
}

/** Users and devices have the same grammar. */
export function userOrDevice(id: string, field: string): string {
  if (!isUserId(id)) throw new FrameError('bad-id', `${field}: 1 to 64 characters of A-Z a-z 0-9 _ . ~ -`)
  return id
}

export function messageId(id: string, field: string): MessageId {
  if (!isMessageId(id)) throw badMessageId(field)
  return id
}

export const badMessageId = (field: string): FrameError => new FrameError('bad-id', `${field}: not a UUID of version 7`)

/** The last id of the page before, or '' for the first page. */
export function conversationCursor(cursor: string): string {
  if (cursor !== '' && conversationKind(cursor) === undefined)
    throw new FrameError('bad-id', 'cursor: not a conversation id')
  return cursor
}

export const userCursor = (cursor: string): string => (cursor === '' ? cursor : userOrDevice(cursor, 'cursor'))

export function signalName(name: string): string {
  if (!SIGNAL_NAME.test(name)) throw new FrameError('bad-id', 'name: 1 to 32 characters of A-Z a-z 0-9 _ . ~ -')
  return name
}

export function clientName(name: string): string {
  if (name.length <= LIMITS.clientCharacters && PRINTABLE.test(name)) return name
  throw new FrameError('bad-frame', `client: at most ${LIMITS.clientCharacters} printable characters`)
}

export function token(text: string): string {
  if (text.length > LIMITS.tokenCharacters) throw tooLarge('token', LIMITS.tokenCharacters, 'characters')
  return text
}

/** Characters are UTF-16 units, as in JavaScript, Java and C#. */
export function title(text: string): string {
  if (text.length > LIMITS.titleCharacters) throw tooLarge('title', LIMITS.titleCharacters, 'characters')
  return text
}

/** Text of JSON may hold half a surrogate pair, which no UTF-8 can. */
export function wellFormed(text: string, field: string): string {
  if (LONE_SURROGATE.test(text)) throw new FrameError('bad-frame', `${field}: half a surrogate pair`)
  return text
}

/** Entries in a page, from `least` to LIMITS.pageEntries. */
export function pageLimit(limit: number, least: 0 | 1): number {
  if (limit >= least && limit <= LIMITS.pageEntries) return limit
  throw new FrameError('bad-page', `limit: ${least} to ${LIMITS.pageEntries}`)
}

/** The number of a message type that a client may send. */
export function sendableType(type: number): number {
  if (type === MESSAGE_TYPE.system) throw new FrameError('unknown-type', 'type: system is not sent by clients')
  return knownType(type)
}

export function knownType(type: number): number {
  if (type >= 1 && type <= TYPES) return type
  throw new FrameError('unknown-type', `type: no message type ${type}`)
}

/** The number of a type given by name. The name of an unknown one is repeated when it looks like a name. */
export function typeNumber(name: string): number {
  if (Object.hasOwn(MESSAGE_TYPE, name)) return MESSAGE_TYPE[name as MessageType]
  throw new FrameError('unknown-type', `type: no message type ${quotable(name)}`)
}

export function priority(n: number): number {
  if (n > LIMITS.priority) throw new FrameError('bad-frame', `priority: 0 to ${LIMITS.priority}`)
  return n
}

export function ttl(seconds: number): number {
  if (seconds > LIMITS.ttlSeconds) throw new FrameError('bad-frame', `ttl: at most ${LIMITS.ttlSeconds} seconds`)
  return seconds
}

export function content(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LIMITS.contentBytes) throw tooLarge('content', LIMITS.contentBytes, 'bytes')
  return bytes
}

/** The text of a JSON object within its limits; kept as it is, also its spaces and its order. */
export function extra(text: string): string {
  if (text.length > LIMITS.extraBytes || utf8Bytes(text).length > LIMITS.extraBytes)
    throw tooLarge('extra', LIMITS.extraBytes, 'bytes')
  if (jsonDepth(text) > LIMITS.extraDepth) throw tooLarge('extra', LIMITS.extraDepth, 'levels of objects and arrays')
  const value = parsedJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FrameError('bad-frame', 'extra: not a JSON object')
  if (text.includes('\\u') && !isWellFormedJson(value))
    throw new FrameError('bad-frame', 'extra: half a surrogate pair')
  return text
}

export const tooLarge = (field: string, limit: number, unit: string): FrameError =>
  new FrameError('too-large', `${field}: at most ${limit} ${unit}`)

/** A received name, for a detail: as it is when it is short and harmless. */
export const quotable = (name: string): string => (/^[\w.-]{1,32}$/.test(name) ? `"${name}"` : 'of that name')

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isWellFormedJson(value: unknown): boolean {
  if (typeof value === 'string') return !LONE_SURROGATE.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, member]) => !LONE_SURROGATE.test(key) && isWellFormedJson(member))
}
