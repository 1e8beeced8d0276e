/**
 * An entry: what the journal holds, one ordered thing in a conversation, a message or a change.
 * It is encoded once, as a msgpack array in the order of the fields below, by the conversation's owner; journal,
 * envelopes, history and msgpack pushes carry those bytes unchanged. The last six fields are the sender's own bytes
 * (its *body*), copied from the `send` frame without decoding.
 */
import type { ConversationId, DeviceId, MessageId, UserId } from './ids.js'

/** The version every entry of this format begins with. */
export const ENTRY_VERSION = 1
/** How many fields it has, and how many of them, at the end, are the body. */
export const ENTRY_FIELDS = 14
export const BODY_FIELDS = 6

/** Kinds of entries. A reader that meets another number keeps and forwards the entry. Numbers are stable. */
export const ENTRY_KIND = {
  message: 1,
  /** A conversation began. `extra`: `{kind, title?, open?, participants: {user: role}}`. */
  created: 2,
  /** Users came in. `extra`: `{participants: {user: role}}`. */
  joined: 3,
  /** A user left by their own will. `extra`: `{users: [user]}`. */
  left: 4,
  /** A user was removed. `extra`: `{users: [user]}`. */
  removed: 5,
  /** A role changed. `extra`: `{participants: {user: role}}`. */
  role: 6,
  /** The title changed. `extra`: `{title}`. */
  renamed: 7,
  /** In `u:<user>`: the user is in a conversation now. `extra`: `{conversation, epoch, seq}`, seq of the entry that let them in. */
  entered: 8,
  /** In `u:<user>`: the user is out of a conversation. `extra`: `{conversation, epoch, seq}`. */
  exited: 9,
  /** The conversation begins a new epoch: positions of older ones cannot be served. `extra`: `{epoch}`. */
  epoch: 10,
} as const
export type EntryKindName = keyof typeof ENTRY_KIND

/** Message types and their numbers on the msgpack wire; stable. A change entry has type 0. */
export const MESSAGE_TYPE = { text: 1, image: 2, voice: 3, video: 4, file: 5, system: 6, custom: 7 } as const
export type MessageType = keyof typeof MESSAGE_TYPE

/** Roles and their numbers on the msgpack wire; stable. In `extra` they go by name. */
export const ROLE = { owner: 1, admin: 2, member: 3, muted: 4, banned: 5 } as const
export type Role = keyof typeof ROLE

/** What the sender wrote, in wire order. */
export interface Body {
  /** Client message id, UUIDv7. */
  readonly id: MessageId
  /** A number of MESSAGE_TYPE; 0 for a change. */
  readonly type: number
  /** At most LIMITS.contentBytes. */
  readonly content: Uint8Array
  /** A JSON object as text, at most LIMITS.extraBytes in UTF-8; null when absent. */
  readonly extra: string | null
  /** 0 to 9; above 5 is high. */
  readonly priority: number
  /** Seconds after which the message is no longer delivered; 0 for never. */
  readonly ttl: number
}

export interface Entry extends Body {
  readonly version: number
  readonly kind: number
  readonly conversation: ConversationId
  /** 1, 2, 3 … without holes in a conversation, within an epoch. */
  readonly seq: number
  /** Messages so far, this one included; unread counts are differences of it. */
  readonly ordinal: number
  /** Milliseconds since 1970 by the owner's clock, never below the conversation's previous entry. */
  readonly time: number
  readonly sender: UserId
  readonly device: DeviceId
}
