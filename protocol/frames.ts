/**
 * The frames: what client and server say to each other. A command goes to the server and, when its `ref` is not 0, is
 * answered by exactly one reply with the same `ref`; a push comes unasked. One WebSocket message holds one or more frames
 * back to back. `protocol/README.md` gives both encodings; the numbers here are the msgpack type numbers, stable.
 */
import type { ReplyErrorName } from './errors.js'
import type { ConversationId, DeviceId, MessageId, UserId } from './ids.js'
import type { Role } from './entry.js'

export const FRAME = {
  connect: 1,
  ping: 2,
  send: 3,
  received: 4,
  read: 5,
  resume: 6,
  history: 7,
  conversations: 8,
  participants: 9,
  create: 10,
  join: 11,
  leave: 12,
  add: 13,
  remove: 14,
  role: 15,
  rename: 16,
  presence: 17,
  signal: 18,
  welcome: 32,
  pong: 33,
  error: 34,
  sent: 35,
  page: 36,
  resumed: 37,
  conversationList: 38,
  participantList: 39,
  presenceList: 40,
  push: 48,
  receipts: 49,
  signalled: 50,
  head: 51,
  resync: 52,
  reconnect: 53,
} as const

/** What a device holds of a conversation: everything up to `seq` of `epoch`. Epoch 0 with seq 0: nothing yet. */
export interface Position {
  readonly conversation: ConversationId
  readonly epoch: number
  readonly seq: number
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** First frame of a connection. Answered by `welcome` or closed with `unauthenticated`. */
export interface Connect {
  readonly frame: 'connect'
  readonly ref: number
  /** JWT; its `sub` is the user id. */
  readonly token: string
  readonly device: DeviceId
  /** Name and version of the client, for logs; at most 64 printable characters. */
  readonly client: string
  /**
   * Number of this connection, higher than that of every earlier one of the device; of two, the higher lives. 0: the node numbers it by its clock.
   */
  readonly session: number
}

/** Application heartbeat, answered by `pong`. */
export interface Ping {
  readonly frame: 'ping'
  readonly ref: number
}

/** A durable message. Answered by `sent` after the journal stored it. */
export interface Send {
  readonly frame: 'send'
  readonly ref: number
  readonly conversation: ConversationId
  /** The client message id of the preceding message this device sent to the conversation and that is not acked yet, else null. */
  readonly after: MessageId | null
  /** Client message id; null lets the session make one (then a repeat is a new message). */
  readonly id: MessageId | null
  readonly type: number
  /** The msgpack of id, type, content, extra, priority, ttl, copied out of the frame; with `id: null` a nil in its place. */
  readonly body: Uint8Array
}

/** Everything up to these positions arrived on this device (cumulative). Never answered. */
export interface Received {
  readonly frame: 'received'
  readonly positions: readonly Position[]
}

/** The user read everything up to these positions (cumulative). Never answered. */
export interface Read {
  readonly frame: 'read'
  readonly positions: readonly Position[]
}

/** Asks for what is after the positions; answered by `resumed`. */
export interface Resume {
  readonly frame: 'resume'
  readonly ref: number
  readonly positions: readonly Position[]
  /** Entries per conversation, 0 to LIMITS.pageEntries; 0 asks for the heads alone. */
  readonly limit: number
}

/** Directions of a history page and their numbers on the msgpack wire; stable. */
export const DIRECTION = { before: 1, after: 2, around: 3 } as const
export type Direction = keyof typeof DIRECTION

/** A page of history. Answered by `page`, entries in rising order of seq. */
export interface HistoryQuery {
  readonly frame: 'history'
  readonly ref: number
  readonly conversation: ConversationId
  /** `before` and `after` exclude `seq`; `around` centres on it. `before` with seq 0 is the newest page. */
  readonly direction: Direction
  readonly seq: number
  /** 1 to LIMITS.pageEntries. */
  readonly limit: number
  /** Message types wanted (numbers of MESSAGE_TYPE); empty for every entry. */
  readonly types: readonly number[]
}

/** The user's conversations, ordered by id. Answered by `conversationList`. */
export interface ConversationsQuery {
  readonly frame: 'conversations'
  readonly ref: number
  /** Last id of the page before; '' for the first page. */
  readonly cursor: string
  /** 1 to LIMITS.pageEntries. */
  readonly limit: number
}

/** The participants of a conversation, ordered by id. Answered by `participantList`. */
export interface ParticipantsQuery {
  readonly frame: 'participants'
  readonly ref: number
  readonly conversation: ConversationId
  readonly cursor: string
  readonly limit: number
}

/** Makes a group or room; the sender is its owner. Answered by `sent`. Repeating it with the same id and creator is harmless. */
export interface Create {
  readonly frame: 'create'
  readonly ref: number
  /** `g:<uuid>` or `r:<name>`. */
  readonly conversation: ConversationId
  readonly title: string
  /** Whether anybody may join; otherwise owners and admins add. */
  readonly open: boolean
  /** Other participants from the start, as members; at most LIMITS.users. */
  readonly users: readonly UserId[]
}

/** Joins an open conversation; everything from this entry on is visible. Joining again is harmless. Answered by `sent`. */
export interface Join {
  readonly frame: 'join'
  readonly ref: number
  readonly conversation: ConversationId
}

/** Answered by `sent`. */
export interface Leave {
  readonly frame: 'leave'
  readonly ref: number
  readonly conversation: ConversationId
}

/** Owners and admins add users as members. Answered by `sent`. */
export interface Add {
  readonly frame: 'add'
  readonly ref: number
  readonly conversation: ConversationId
  readonly users: readonly UserId[]
}

/** Owners and admins remove users of lower rank. Answered by `sent`. */
export interface Remove {
  readonly frame: 'remove'
  readonly ref: number
  readonly conversation: ConversationId
  readonly users: readonly UserId[]
}

/** Owners set any role, admins set member, muted and banned. Answered by `sent`. */
export interface SetRole {
  readonly frame: 'role'
  readonly ref: number
  readonly conversation: ConversationId
  readonly user: UserId
  readonly role: Role
}

/** Owners and admins. Answered by `sent`. */
export interface Rename {
  readonly frame: 'rename'
  readonly ref: number
  readonly conversation: ConversationId
  readonly title: string
}

/** Presence of up to LIMITS.users users. Answered by `presenceList`. */
export interface PresenceQuery {
  readonly frame: 'presence'
  readonly ref: number
  readonly users: readonly UserId[]
}

/** An ephemeral push to the other participants who are online: never stored, at most once. Never answered. */
export interface Signal {
  readonly frame: 'signal'
  readonly conversation: ConversationId
  /** `typing`, `cursor`, anything of 1 to 32 characters of the user id alphabet. */
  readonly name: string
  /** At most LIMITS.signalBytes. */
  readonly data: Uint8Array
}

/** Commands about one conversation that end in a reply; the router takes them to the conversation's owner. */
export type Change = Create | Join | Leave | Add | Remove | SetRole | Rename
export type Query = Resume | HistoryQuery | ConversationsQuery | ParticipantsQuery | PresenceQuery
export type Command = Connect | Ping | Send | Received | Read | Change | Query | Signal

// ── replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Welcome {
  readonly frame: 'welcome'
  readonly ref: number
  readonly user: UserId
  readonly device: DeviceId
  readonly node: string
  /** Number of this session of the device; the highest one lives. */
  readonly session: number
  /** Seconds between the client's pings. */
  readonly ping: number
  /** The server's clock, milliseconds since 1970. */
  readonly time: number
}

export interface Pong {
  readonly frame: 'pong'
  readonly ref: number
  /** `push` frames sent so far in this session. A client that counted less waits one round trip, then resumes. */
  readonly pushes: number
}

export interface ErrorReply {
  readonly frame: 'error'
  readonly ref: number
  readonly error: ReplyErrorName
  /** What was wrong with this command, for people; never contains content or tokens. */
  readonly detail: string
  /** Milliseconds to wait before trying again, for temporary errors; else 0. */
  readonly retry: number
}

/** The command became this entry of the conversation. */
export interface Sent {
  readonly frame: 'sent'
  readonly ref: number
  readonly epoch: number
  readonly seq: number
  /** Time of the entry, milliseconds since 1970. */
  readonly time: number
}

/** An encoded entry and the seq before it that this participant may see (0 for the first one). */
export interface Item {
  readonly prev: number
  /** The entry's msgpack bytes (entry.ts); see `decodeEntry` of entry-codec.ts. */
  readonly entry: Uint8Array
}

export interface Page {
  readonly conversation: ConversationId
  readonly epoch: number
  /** Newest seq this participant may see. */
  readonly head: number
  /** False when the position asked for can no longer be served: drop what is held, take what follows. */
  readonly recovered: boolean
  /** True when there is more to ask for in the same direction. */
  readonly more: boolean
  readonly items: readonly Item[]
}

export interface PageReply extends Page {
  readonly frame: 'page'
  readonly ref: number
}

/** One page per position, in any order. A conversation that could not be answered now has an error in its place. */
export interface Resumed {
  readonly frame: 'resumed'
  readonly ref: number
  readonly pages: readonly Page[]
  readonly errors: readonly { readonly conversation: ConversationId; readonly error: ReplyErrorName }[]
}

export interface ConversationItem {
  readonly conversation: ConversationId
  /** Seq of the entry that let the user in. */
  readonly since: number
  readonly epoch: number
}

export interface ConversationList {
  readonly frame: 'conversationList'
  readonly ref: number
  readonly items: readonly ConversationItem[]
  readonly more: boolean
  /** Position in `u:<user>` that this list corresponds to. */
  readonly epoch: number
  readonly seq: number
}

export interface ParticipantItem {
  readonly user: UserId
  readonly role: Role
  /** Highest seq any device of the user has, and the highest the user read. */
  readonly delivered: number
  readonly read: number
}

export interface ParticipantList {
  readonly frame: 'participantList'
  readonly ref: number
  readonly title: string
  readonly items: readonly ParticipantItem[]
  readonly more: boolean
}

/** States of presence and their numbers on the msgpack wire; stable. */
export const PRESENCE_STATE = { online: 1, away: 2, busy: 3, offline: 4 } as const
export type PresenceState = keyof typeof PRESENCE_STATE

export interface PresenceItem {
  readonly user: UserId
  readonly state: PresenceState
  /** Milliseconds since 1970; 0 when never seen. */
  readonly lastSeen: number
}

export interface PresenceList {
  readonly frame: 'presenceList'
  readonly ref: number
  readonly items: readonly PresenceItem[]
}

export type Reply =
  Welcome | Pong | ErrorReply | Sent | PageReply | Resumed | ConversationList | ParticipantList | PresenceList

// ── pushes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Push extends Item {
  readonly frame: 'push'
  readonly epoch: number
}

/** How far other participants (or the user's other devices) got. Sent to the sender of what was passed, coalesced. */
export interface Receipts {
  readonly frame: 'receipts'
  readonly conversation: ConversationId
  readonly items: readonly { readonly user: UserId; readonly delivered: number; readonly read: number }[]
}

export interface Signalled {
  readonly frame: 'signalled'
  readonly conversation: ConversationId
  readonly sender: UserId
  readonly name: string
  readonly data: Uint8Array
}

/** The conversation has come this far; a device that is behind resumes it. */
export interface Head {
  readonly frame: 'head'
  readonly conversation: ConversationId
  readonly epoch: number
  readonly seq: number
}

/** Pushes may have been left out: resume every conversation. */
export interface Resync {
  readonly frame: 'resync'
}

/** The node will close this connection: come back in `delay` milliseconds. */
export interface Reconnect {
  readonly frame: 'reconnect'
  readonly delay: number
}

export type PushFrame = Push | Receipts | Signalled | Head | Resync | Reconnect
export type ServerFrame = Reply | PushFrame
