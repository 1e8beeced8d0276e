/**
 * What a suite and its load generators say to each other: one order at a time to each generator, one report back.
 */
import type { LatencyData } from '../latency.js'

/** Closed: so many messages under way at any time. Open: so many started per second, whatever becomes of them. */
export type Pressure =
  { readonly kind: 'closed'; readonly window: number } | { readonly kind: 'open'; readonly rate: number }

export interface DirectPlan {
  readonly pressure: Pressure
  readonly seconds: number
  /** Content of a message; at least 8, which hold its number. */
  readonly bytes: number
}

export interface DirectResult {
  readonly sent: number
  /** Acked and delivered within the time; what came later is in the latencies only. */
  readonly done: number
  readonly seconds: number
  /** Neither acked nor delivered ten seconds after the end. */
  readonly missing: number
  readonly errors: number
  /** From the intended send time. */
  readonly ack: LatencyData
  readonly delivery: LatencyData
}

/** Sessions of users `<prefix><number>`, numbers from `first`. */
export interface SessionRange {
  readonly urls: readonly string[]
  readonly secret: string
  readonly prefix: string
  readonly first: number
  readonly count: number
}

export type LoadOrder =
  | { readonly order: 'connect'; readonly range: SessionRange }
  /** Neighbouring sessions send to each other, one message each way in turn. */
  | { readonly order: 'direct'; readonly plan: DirectPlan }

export type LoadReport =
  | { readonly report: 'connected'; readonly seconds: number }
  | { readonly report: 'direct'; readonly result: DirectResult }
  | { readonly report: 'failed'; readonly text: string }
