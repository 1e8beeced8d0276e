/**
 * Orders: what a suite tells its load generators to do, and what they answer. Everything here crosses a process boundary.
 */
import type { LatencyData } from '../latency.js'
import type { Target } from './target.js'

/** Closed: so many messages under way at any time. Open: so many started per second, whatever becomes of them. */
export type Pressure =
  { readonly kind: 'closed'; readonly window: number } | { readonly kind: 'open'; readonly rate: number }

/**
 * Who sends to whom. `direct`: neighbouring connections to each other, one message each way in turn. `group`: the members of every group that was
 * joined, groups and members in turn. `echo`: every connection to the server and back.
 */
export type Pattern = 'direct' | 'group' | 'echo'

export interface TrafficPlan {
  readonly pattern: Pattern
  readonly pressure: Pressure
  readonly seconds: number
  /** Content of a message; at least STAMP_BYTES. */
  readonly bytes: number
}

/** What one generator is told of a plan that several carry out together. */
export interface Share {
  readonly plan: TrafficPlan
  /** When to begin, by `monotonic`: all at the same time. */
  readonly start: number
  /** This generator numbers its messages `first`, `first + step`, …, so that no two have the same. */
  readonly first: number
  readonly step: number
}

/** Connections of users `<prefix><number>`, numbers from `first`. */
export interface ConnectionRange {
  readonly target: Target
  readonly prefix: string
  readonly first: number
  readonly count: number
  /** True: a connection that is lost is counted. Else it ends the generator, since it makes every figure wrong. */
  readonly mayLose?: boolean
}

/** Users 0 to size - 1 are the members of group `<group>0`, the next of `<group>1`, and so on. */
export interface GroupPlan {
  readonly group: string
  readonly size: number
}

export interface Connected {
  readonly seconds: number
  /** From the begin of each connection until it could send. */
  readonly latency: LatencyData
}

export interface TrafficCounts {
  readonly sent: number
  readonly acked: number
  readonly delivered: number
  /** Own messages that have reached everybody connected to this generator. */
  readonly complete: number
}

/** Events by tenths of a second since the start. */
export interface Timeline {
  readonly acked: Float64Array
  readonly delivered: Float64Array
  /** The slowest delivery of each tenth, in milliseconds. */
  readonly slowest: Float64Array
}

export interface TrafficResult extends TrafficCounts {
  /** Within the time; what came later is in the counts and latencies only. */
  readonly ackedInTime: number
  readonly deliveredInTime: number
  readonly seconds: number
  /** Failed messages by error. */
  readonly errors: Readonly<Record<string, number>>
  readonly lost: number
  /** From the intended send time. */
  readonly ack: LatencyData
  readonly delivery: LatencyData
  readonly timeline: Timeline
}
