/**
 * Outage: what a blow did to conversations, from the acks of sends that went on all the time.
 */
import type { AckedSend } from './load/checked-traffic.js'
import { Latency, type LatencyData } from './latency.js'

/** Of each conversation: from the blow until a send that was meant to be made after it was acked; 0 or more milliseconds. */
export function untilAckedAgain(
  acks: readonly AckedSend[],
  blow: number,
  wanted: (id: string) => boolean,
): LatencyData {
  const first = new Map<string, number>()
  for (const { conversation, intended, acked } of acks) {
    if (intended < blow || !wanted(conversation)) continue
    first.set(conversation, Math.min(first.get(conversation) ?? Infinity, acked))
  }
  const latency = new Latency()
  for (const acked of first.values()) latency.record(acked - blow)
  return latency.data()
}

/** Sends that were under way at the blow or meant to be made within `window` milliseconds of it: from then to their ack. */
export function waits(acks: readonly AckedSend[], blow: number, window: number): LatencyData {
  const latency = new Latency()
  for (const { intended, acked } of acks) {
    if (acked >= blow && intended <= blow + window) latency.record(acked - intended)
  }
  return latency.data()
}

export interface Moment {
  /** Seconds from the start of the line. */
  readonly at: number
  readonly acked: number
  /** Longest wait among the sends that were meant to be made then, milliseconds. */
  readonly longest: number
}

interface Counted {
  acked: number
  longest: number
}

/** Acks and waits by time, in steps of `step` milliseconds from `start`. */
export function timeLine(acks: readonly AckedSend[], start: number, step: number): Moment[] {
  const line: Counted[] = []
  const momentOf = (time: number) => (line[Math.floor(Math.max(time - start, 0) / step)] ??= { acked: 0, longest: 0 })
  for (const { intended, acked } of acks) {
    momentOf(acked).acked += 1
    const moment = momentOf(intended)
    moment.longest = Math.max(moment.longest, acked - intended)
  }
  return Array.from(line, (moment: Counted | undefined, at) => {
    return { at: (at * step) / 1000, acked: moment?.acked ?? 0, longest: moment?.longest ?? 0 }
  })
}
