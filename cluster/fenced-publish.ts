/**
 * Fenced publish: stores bytes under a subject only when the subject's newest number is the expected one. It tells apart what
 * is stored, what is refused, what certainly is not stored and what nobody knows; the journal and the chain of views rest on it.
 * Source of codes and of what each means: nats-server, server/errors.json, server/stream.go.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { headers, type MsgHdrs } from 'nats'
import type { AppendOutcome } from '../actors/journal.js'
import type { JetStreamFailure } from './jetstream-api.js'
import type { Replicas } from './jetstream-stream.js'
import type { NatsLine } from './nats-connection.js'

export interface FencedOptions {
  readonly replicas: Replicas
  /** Milliseconds until an outcome is unknown. */
  readonly timeoutMs: number
}

interface Ack {
  readonly seq?: number
  readonly error?: JetStreamFailure
}

const WRONG_LAST_SEQUENCE = 10071
/** The server has not finished an earlier append to this subject: nothing was stored, and nothing is decided. */
const APPEND_UNDER_WAY = 10164
const STORE_FAILED = 10077
/** Refused before storing, on any kind of stream: message too large, stream sealed. */
const NEVER_STORED = new Set([10054, 10109])
/** Account, server or storage has no room. A follower of a replicated stream may still have stored it. */
const NO_ROOM = new Set([10002, 10023, 10028, 10047])
const FULL = /^(maximum (bytes|messages|messages per subject) exceeded|message too large)$/
const LONGEST_PAUSE_MS = 50

export async function fencedPublish(
  line: NatsLine,
  subject: string,
  expected: number,
  data: Uint8Array,
  options: FencedOptions,
): Promise<AppendOutcome> {
  const fence = fenceOf(expected)
  const deadline = Date.now() + options.timeoutMs
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    const left = Math.max(1, deadline - Date.now())
    const outcome = await attempt(line, subject, fence, data, options.replicas, left)
    if (outcome !== 'under way') return outcome
    if (Date.now() + wait > deadline) return { outcome: 'unknown', reason: 'an earlier append is still under way' }
    await pause(wait)
  }
}

function fenceOf(expected: number): MsgHdrs {
  const fence = headers()
  fence.set('Nats-Expected-Last-Subject-Sequence', String(expected))
  return fence
}

async function attempt(
  line: NatsLine,
  subject: string,
  fence: MsgHdrs,
  data: Uint8Array,
  replicas: Replicas,
  timeoutMs: number,
): Promise<AppendOutcome | 'under way'> {
  const reply = await line.request(subject, data, timeoutMs, fence)
  switch (reply.kind) {
    case 'answer':
      return meaning(parseAck(reply.data), replicas)
    case 'nobody':
      return { outcome: 'unavailable', reason: 'no server holds the stream now' }
    case 'unsent':
      return { outcome: 'unavailable', reason: reply.reason }
    case 'lost':
      return { outcome: 'unknown', reason: reply.reason }
  }
}

function parseAck(data: Uint8Array): Ack {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString()) as Ack
  } catch {
    return { error: { description: 'an answer that is not JSON' } }
  }
}

/** What the server's answer to a fenced publish means. */
export function meaning(ack: Ack, replicas: Replicas): AppendOutcome | 'under way' {
  const { err_code: code = 0, description = '' } = ack.error ?? {}
  if (!ack.error) return ack.seq ? { outcome: 'stored', seq: ack.seq } : unknown('an answer without a number')
  if (code === WRONG_LAST_SEQUENCE) return { outcome: 'refused' }
  if (code === APPEND_UNDER_WAY) return 'under way'
  const certain = NEVER_STORED.has(code) || (code === STORE_FAILED && FULL.test(description))
  if (certain || (replicas === 1 && NO_ROOM.has(code)))
    return { outcome: 'unavailable', reason: `${description} (${code})` }
  return unknown(`${description} (${code})`)
}

const unknown = (reason: string): AppendOutcome => ({ outcome: 'unknown', reason })
