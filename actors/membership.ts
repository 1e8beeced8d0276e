/**
 * Membership: the chain of views. A view says who the members are and which of them owns each shard; the next one is stored
 * by compare-and-set on the number of the one before, so all nodes see the same views in the same order.
 * Who proposes and when is decided in cluster-state.ts; this is only the store.
 */
import type { NodeId } from './bus.js'

export interface Member {
  readonly node: NodeId
  /** Milliseconds since 1970 when the process started or rejoined: two lives of one node differ in it. */
  readonly incarnation: number
  /** The highest format version the node can write. */
  readonly version: number
  /** Host and port for people, and for redirects later. */
  readonly address: string
  /** False while it drains: it keeps its sessions and gets no shards. */
  readonly ready: boolean
}

export interface View {
  /** 1, 2, 3 … */
  readonly number: number
  /** The lowest version of its members: nobody writes above it. */
  readonly version: number
  /** Ordered by node id. */
  readonly members: readonly Member[]
  /** For each shard an index into `members`; -1 while there is nobody to own it. Its length is the number of shards, which never changes. */
  readonly owners: readonly number[]
}

export interface Membership {
  /** The newest view, not a stale copy; null before the first one. Rejects when the store cannot be reached. */
  newest(): Promise<View | null>
  /** Stores `view` if the newest number is `view.number - 1` (or there is none and it is 1). False: somebody was faster. Rejects on an unknown outcome. */
  propose(view: View): Promise<boolean>
  /** Calls for every view that becomes known, rising, each at most once; may skip some and may be late. */
  watch(listener: (view: View) => void): Promise<void>
  close(): Promise<void>
}
