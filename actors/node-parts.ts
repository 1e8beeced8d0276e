/** What a node is made of: its settings, and the contracts to everything outside it. */
import type { Authenticator } from './authenticator.js'
import type { Bus, NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import type { Timing } from './cluster-state.js'
import type { Counters } from './counters.js'
import type { History } from './history.js'
import type { Journal } from './journal.js'
import type { Logger } from './logger.js'
import type { Membership } from './membership.js'
import type { Presence } from './presence.js'
import type { Rate } from './token-bucket.js'

export interface NodeParts {
  readonly node: NodeId
  /** Host and port for people. */
  readonly address: string
  /** Number of shards of the cluster, a power of two. */
  readonly shards: number
  readonly timing: Timing
  readonly pingSeconds: number
  /** Milliseconds until a new connection must have sent its connect frame. */
  readonly connectMs: number
  /** Commands one connection may send. */
  readonly rate: Rate
  /** Messages one user may send from all devices on this node. */
  readonly sendRate: Rate
  /** Bytes of entries that may wait for history on this node; above, sends are refused. */
  readonly historyLagBytes: number
  /** Milliseconds that archived records stay in the journal. */
  readonly retentionMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly counters: Counters
  readonly authenticator: Authenticator
  readonly bus: Bus
  readonly journal: Journal
  readonly history: History
  readonly presence: Presence
  readonly membership: Membership
}
