/**
 * What the replay's parent process and its workers say to each other: orders go to a worker, reports come back. Both travel
 * in arrays, one array per turn of the event loop, in order.
 */
import type { LatencyData } from '../latency.js'
import type { Findings } from './findings.js'
import type { Acked, Truth } from './truth.js'

export interface WorkerSettings {
  /** The nodes, to be tried in turn. */
  readonly urls: readonly string[]
  /** Signs tokens. */
  readonly secret: string | undefined
  /** Prints a token for the user in ROOKERY_USER; used without a secret. */
  readonly tokenCommand: string | undefined
  /** Prefix of user ids. */
  readonly run: string
  readonly seed: string
  /** Share of devices that are interrupted. */
  readonly churn: number
  /** Sockets to keep open for devices that are not needed at present. */
  readonly sockets: number
  readonly checkHistory: boolean
  /** Longest wait for a device to see the end of a conversation. */
  readonly patienceMs: number
}

export type Order =
  | { readonly order: 'settings'; readonly settings: WorkerSettings }
  /** The nick makes the conversation, open for all. */
  | { readonly order: 'open'; readonly conversation: string; readonly nick: string; readonly title: string }
  /** The nick joins unless it has, then sends. */
  | { readonly order: 'speak'; readonly conversation: string; readonly nick: string; readonly text: Uint8Array }
  /** Everything was acked: wait for the devices here, judge them, let them go. */
  | { readonly order: 'finish'; readonly truth: Truth }
  | { readonly order: 'stop' }

export type Report =
  /** A message, a join or the opening was acked. `took`: milliseconds from send to ack. */
  | {
      readonly report: 'acked'
      readonly conversation: string
      readonly what: 'opened' | 'joined' | 'message'
      readonly acked: Acked
      readonly took: number
    }
  /** It ended without an ack. */
  | {
      readonly report: 'refused'
      readonly conversation: string
      readonly what: 'opened' | 'joined' | 'message'
      readonly text: string
    }
  | {
      readonly report: 'finished'
      readonly conversation: string
      readonly findings: Findings
      /** Messages of others that the devices here saw. */
      readonly delivered: number
      readonly devices: number
    }
  | { readonly report: 'stopped'; readonly latency: LatencyData; readonly counters: WorkerCounters }

export interface WorkerCounters {
  /** Sockets opened, those that were replaced included. */
  readonly connects: number
  readonly drops: number
  readonly absences: number
  /** Entries of a conversation that came after its end was seen. */
  readonly late: number
  /** Times the server could not continue from a device's position. */
  readonly unrecovered: number
}
