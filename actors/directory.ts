/**
 * Directory: which users have a session on which nodes. This file is the table each node keeps of all nodes; how the nodes
 * tell each other is in directory-sync.ts. Built for millions of users: flat arrays keyed by a 64-bit fingerprint, no object per user.
 * A fingerprint may collide: then `nodesOf` names a node too many, never one too few.
 */
import type { NodeId } from './bus.js'
import type { UserId } from '../protocol/ids.js'

export interface Directory {
  /** Adds a user to a node's online users; adding twice is harmless. */
  enter(node: NodeId, user: UserId): void
  leave(node: NodeId, user: UserId): void
  /** Forgets every user of a node. */
  drop(node: NodeId): void
  /** Adds to `into` every node where the user is online. */
  nodesOf(user: UserId, into: Set<NodeId>): void
  /** Rises with every change of the table: what was computed from it at another version is stale. */
  readonly version: number
}
