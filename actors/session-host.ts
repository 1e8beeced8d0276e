/** What a session needs of the node it lives on; sessions.ts provides it. */
import type { ConversationId, DeviceId, UserId } from '../protocol/ids.js'
import type { Authenticator } from './authenticator.js'
import type { Clock } from './clock.js'
import type { OwnerCommand, ReplyTo } from './command.js'
import type { Counters } from './counters.js'
import type { Rate } from './token-bucket.js'

/** A session as its host sees it. */
export interface HostedSession {
  readonly user: UserId
  readonly device: DeviceId
  readonly number: number
  /** Once a second while watched; false when there is nothing to watch any more. */
  check(now: number): boolean
  /** Writes what can wait. */
  flushLate(): void
  /** Writes what was gathered; answers the number of frames. */
  flush(): number
}

export interface SessionHost {
  readonly node: string
  readonly clock: Clock
  readonly counters: Counters
  readonly authenticator: Authenticator
  /** Seconds between the client's pings. */
  readonly pingSeconds: number
  /** Commands a connection may send. */
  readonly rate: Rate
  /** Milliseconds until the user may send another message from any device on this node; 0 for now. */
  holdSend(user: UserId, now: number): number
  /** The session's user is known: gives it its number, `wanted` if that is not 0, and closes an older session of the device. False: this is the older one. */
  opened(session: HostedSession, wanted: number): boolean
  ended(session: HostedSession, wasOpen: boolean): void
  /** Calls a step of a session that comes in or catches up, when it is its turn. */
  enter(session: HostedSession, step: () => void): void
  /** The session has something to write at the end of this turn. */
  dirty(session: HostedSession): void
  /** The session holds something that leaves with its next write; `flushLate` is called within a second. */
  late(session: HostedSession): void
  /** Calls `check` once a second until it answers false. */
  watch(session: HostedSession): void
  route(session: HostedSession, command: OwnerCommand, to: ReplyTo): void
  mark(conversation: ConversationId, user: UserId, delivered: number, read: number): void
  signal(conversation: ConversationId, sender: UserId, name: string, data: Uint8Array): void
  presence(users: readonly UserId[], to: ReplyTo): void
}
