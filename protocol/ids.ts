/**
 * The grammar of every id that crosses the wire, and the only place where conversation ids are made.
 * Users and devices are opaque names of a narrow alphabet; a conversation id says its kind by its first letter.
 * Nothing that fails these checks reaches an actor, a NATS subject or SQL.
 */

/** A user id: 1 to 64 characters of `A-Z a-z 0-9 _ . ~ -`. */
export type UserId = string
/** A device id: the same grammar as a user id. Unique per user. */
export type DeviceId = string
/**
 * A conversation id: `d:<a>:<b>` (one-to-one, a < b), `g:<uuid>` (group), `r:<name>` (room),
 * `u:<user>` (the user's own, never made by a client).
 */
export type ConversationId = string
/**
 * A client message id inside the server: the 16 bytes of a UUIDv7 as a latin1 string, one character a byte.
 * On the msgpack wire 16 bytes, in JSON and in the SDK the usual 36 characters.
 */
export type MessageId = string

export type ConversationKind = 'direct' | 'group' | 'room' | 'user'

const NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-'
const NAME_LENGTH = 64
const IN_NAME = Uint8Array.from({ length: 128 }, (_, code) =>
  NAME_CHARACTERS.includes(String.fromCharCode(code)) ? 1 : 0,
)
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** Where the two digits of each byte begin in the text of a UUID. */
const UUID_BYTES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const DIGIT_0 = '0'.charCodeAt(0)
const LETTER_A = 'a'.charCodeAt(0)

export const isUserId = (text: string): text is UserId => isName(text, 0, text.length)
export const isDeviceId = (text: string): text is DeviceId => isName(text, 0, text.length)

/** Whether text[start, end) is a name. Every command passes here: no pattern, no slice. */
function isName(text: string, start: number, end: number): boolean {
  if (end <= start || end - start > NAME_LENGTH) return false
  for (let i = start; i < end; i++) if (IN_NAME[text.charCodeAt(i)] !== 1) return false
  return true
}

/** The conversation of two users; the order of the arguments does not matter. */
export function directConversation(a: UserId, b: UserId): ConversationId {
  return a < b ? `d:${a}:${b}` : `d:${b}:${a}`
}

/** The conversation that only the server writes: a user's list of conversations and notices. */
export const userConversation = (user: UserId): ConversationId => `u:${user}`

/** The kind of a well-formed id; undefined when the id breaks the grammar. */
export function conversationKind(id: string): ConversationKind | undefined {
  if (id[1] !== ':') return undefined
  switch (id[0]) {
    case 'd':
      return isDirect(id) ? 'direct' : undefined
    case 'g':
      return UUID.test(id.slice(2)) ? 'group' : undefined
    case 'r':
      return isName(id, 2, id.length) ? 'room' : undefined
    case 'u':
      return isName(id, 2, id.length) ? 'user' : undefined
    default:
      return undefined
  }
}

function isDirect(id: string): boolean {
  const colon = id.indexOf(':', 2)
  return isName(id, 2, colon) && isName(id, colon + 1, id.length) && id.slice(2, colon) < id.slice(colon + 1)
}

/** The two users of a one-to-one conversation, in the order of the id. The id must be well-formed. */
export function directUsers(id: ConversationId): [UserId, UserId] {
  const colon = id.indexOf(':', 2)
  return [id.slice(2, colon), id.slice(colon + 1)]
}

/** The 36 characters of a message id. */
export function messageIdText(id: MessageId): string {
  return `${hexOf(id, 0, 4)}-${hexOf(id, 4, 6)}-${hexOf(id, 6, 8)}-${hexOf(id, 8, 10)}-${hexOf(id, 10, 16)}`
}

function hexOf(id: MessageId, start: number, end: number): string {
  let hex = ''
  for (let i = start; i < end; i++) hex += HEX[id.charCodeAt(i)] ?? ''
  return hex
}

/** The message id of 36 characters; undefined unless it is a UUID of version 7 (RFC 9562). */
export function parseMessageId(text: string): MessageId | undefined {
  if (!UUID.test(text)) return undefined
  let id = ''
  for (const at of UUID_BYTES) id += String.fromCharCode(digitAt(text, at) * 16 + digitAt(text, at + 1))
  return isMessageId(id) ? id : undefined
}

/** The value of a hexadecimal digit; letters are small. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < LETTER_A ? code - DIGIT_0 : code - LETTER_A + 10
}

/** Whether 16 latin1 characters are a UUID of version 7, variant 10 (RFC 9562, section 5.7). */
export function isMessageId(id: string): id is MessageId {
  return id.length === 16 && isVersion7(id.charCodeAt(6), id.charCodeAt(8))
}

/** The same for the 16 bytes from `start` on. */
export const isMessageIdAt = (bytes: Uint8Array, start: number): boolean =>
  isVersion7(bytes[start + 6] ?? 0, bytes[start + 8] ?? 0)

const isVersion7 = (seventh: number, ninth: number): boolean => seventh >> 4 === 7 && ninth >> 6 === 2

/** Milliseconds since 1970 at which a message id was made, by the clock of whoever made it. */
export function messageIdTime(id: MessageId): number {
  let time = 0
  for (let i = 0; i < 6; i++) time = time * 256 + id.charCodeAt(i)
  return time
}
