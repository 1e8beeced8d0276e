/**
 * Transport: one client's socket as its session sees it, implemented by the gateway (uWebSockets.js) and by the simulation.
 * The session never waits for it: what the socket does not take is the socket's buffer, and its size is asked for.
 */
import type { Codec } from '../protocol/codec.js'
import type { CloseName } from '../protocol/close-codes.js'
import type {
  Change,
  HistoryQuery,
  ParticipantsQuery,
  PresenceQuery,
  Reply,
  ConversationsQuery,
  Send,
} from '../protocol/frames.js'
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { View } from './membership.js'

export interface Connection {
  /** The client's address, behind a trusted balancer the one it reports. */
  readonly remote: string
  /** Sends whole frames as one WebSocket message in one write. False: the socket's buffer is above its limit, nothing was sent. */
  write(frames: readonly Uint8Array[]): boolean
  /** Bytes written but not yet taken by the kernel. */
  buffered(): number
  /** Closes with a code of CLOSE_CODES after what was written; nothing more is written. */
  close(code: number, reason: string): void
}

/** What the gateway tells the session of a connection. */
export interface SessionPort {
  /** One whole WebSocket message; the bytes may be reused by the caller afterwards. */
  receive(data: Uint8Array): void
  /** A pong or anything else that shows life without being a message. */
  alive(): void
  /** The socket's buffer ran empty. */
  drained(): void
  /** The socket is gone; the connection is not used again. */
  closed(): void
}

/** On whose behalf the server API acts. `system` skips the checks of participation and role. */
export interface Caller {
  readonly user: UserId
  readonly device: DeviceId
  readonly system: boolean
}

export interface NodeStatus {
  readonly node: NodeId
  readonly incarnation: number
  /** joining: no view yet; serving; frozen: the bus is away; draining; stopped. */
  readonly state: 'joining' | 'serving' | 'frozen' | 'draining' | 'stopped'
  readonly view: View | null
  /** Shards this node owns and serves now. */
  readonly owned: readonly number[]
  readonly sessions: number
}

/** What a node offers to its doors (gateway, HTTP API, admin port). Implemented by node.ts. */
export interface NodePort {
  /** A WebSocket was accepted. The session closes it unless a valid connect frame arrives in time. */
  open(connection: Connection, codec: Codec): SessionPort
  /** Runs a command for the server API; the answer may be an ErrorReply. `ref` of the command is ignored. Never rejects. */
  ask(
    caller: Caller,
    command: Send | Change | HistoryQuery | ConversationsQuery | ParticipantsQuery | PresenceQuery,
  ): Promise<Reply>
  /** Closes every session of a user, or of one device, on all nodes. */
  disconnect(user: UserId, device: DeviceId | null, close: CloseName): void
  status(): NodeStatus
}
