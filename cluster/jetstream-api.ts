/**
 * JetStream API: the few calls Rookery makes, as JSON over a NATS request. Reading goes through the leader of the stream
 * (STREAM.MSG.GET), never through direct get, which a replica that is behind may answer.
 * Source of subjects, shapes and error codes: nats-server, server/jetstream_api.go and server/errors.json.
 */
import type { NatsLine } from './nats-connection.js'

/** Error codes (`err_code`) that are told apart. */
export const JetStreamCode = {
  noSuitablePeers: 10005,
  systemUnavailable: 10008,
  notLeader: 10009,
  messageNotFound: 10037,
  streamExists: 10058,
  streamNotFound: 10059,
} as const

export class JetStreamError extends Error {
  readonly code: number
  constructor(code: number, description: string) {
    super(`JetStream: ${description} (${code})`)
    this.code = code
  }
}

export interface JetStreamFailure {
  readonly err_code?: number
  readonly description?: string
}

export interface StoredMessage {
  readonly seq: number
  readonly data: Uint8Array
}

const CALL_MS = 5000
const encoder = new TextEncoder()

/** `name` is what follows `$JS.API.`. Rejects with a JetStreamError, or with an Error when no answer came. */
export async function callJetStream<T>(line: NatsLine, name: string, body: object = {}): Promise<T> {
  const reply = await line.request(`$JS.API.${name}`, encoder.encode(JSON.stringify(body)), CALL_MS)
  switch (reply.kind) {
    case 'answer':
      return answerOf(reply.data) as T
    case 'nobody':
      throw new Error('JetStream does not answer: it is off, or has no leader now')
    case 'unsent':
    case 'lost':
      throw new Error(`JetStream does not answer: ${reply.reason}`)
  }
}

function answerOf(data: Uint8Array): unknown {
  const answer = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString()) as {
    error?: JetStreamFailure
  }
  if (answer.error) throw new JetStreamError(answer.error.err_code ?? 0, answer.error.description ?? 'no description')
  return answer
}

/** The newest message of a subject, as the leader has it; null when there is none. */
export function newestMessage(line: NatsLine, stream: string, subject: string): Promise<StoredMessage | null> {
  return messageBy(line, stream, { last_by_subj: subject })
}

/** The first message of a subject at or after `seq`, as the leader has it; null when there is none. */
export function nextMessage(
  line: NatsLine,
  stream: string,
  subject: string,
  seq: number,
): Promise<StoredMessage | null> {
  return messageBy(line, stream, { seq, next_by_subj: subject })
}

async function messageBy(line: NatsLine, stream: string, query: object): Promise<StoredMessage | null> {
  try {
    const { message } = await callJetStream<{ message: { seq: number; data?: string } }>(
      line,
      `STREAM.MSG.GET.${stream}`,
      query,
    )
    return { seq: message.seq, data: Buffer.from(message.data ?? '', 'base64') }
  } catch (error) {
    if (error instanceof JetStreamError && error.code === JetStreamCode.messageNotFound) return null
    throw error
  }
}
