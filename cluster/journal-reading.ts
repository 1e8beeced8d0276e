/**
 * Journal reading: one pass over the wanted ranges of one stream through one temporary consumer, deleted afterwards. A replica
 * that is behind may serve the consumer, so when it has no more, the stream's leader is asked whether something is missing.
 * Rejects when the line goes down, the consumer ends or falls silent, or a message is skipped.
 */
import { randomUUID } from 'node:crypto'
import { createInbox, type Msg } from 'nats'
import type { ShardId, ShardRange } from '../actors/journal.js'
import { callJetStream, nextMessage } from './jetstream-api.js'
import type { NatsLine } from './nats-connection.js'
import type { NatsNames } from './nats-subjects.js'

type Each = (shard: ShardId, seq: number, record: Uint8Array) => void

interface Wanted {
  readonly range: ShardRange
  readonly subject: string
  /** Up to where the shard is given. */
  reached: number
}

const NANOSECONDS = 1_000_000
const PULL = { batch: 500, max_bytes: 8 * 1024 * 1024, expires: 4000 * NANOSECONDS, idle_heartbeat: 1000 * NANOSECONDS }
const SILENCE_MS = 5000
const INACTIVE_MS = 30_000
const RETRY_MS = 25
const NOBODY = 503
const encoder = new TextEncoder()

export class JournalReading {
  private readonly line: NatsLine
  private readonly stream: string
  private readonly each: Each
  private readonly wanted = new Map<string, Wanted>()
  private readonly upTo: number
  private readonly consumer = `read_${randomUUID()}`
  private readonly inbox = createInbox()
  private readonly ended: Promise<void>
  private resolve: () => void = () => {}
  private reject: (error: unknown) => void = () => {}
  private silence: NodeJS.Timeout | undefined
  private retry: NodeJS.Timeout | undefined
  /** The consumer's own count of what it delivered. */
  private delivered = 0
  private over = false
  private pulls = 0
  /** `delivered` when the open pull began. */
  private pulled = 0

  /** Each shard may occur once in the ranges. */
  constructor(line: NatsLine, stream: string, names: NatsNames, ranges: readonly ShardRange[], each: Each) {
    this.line = line
    this.stream = stream
    this.each = each
    for (const range of ranges) {
      const subject = names.journalSubject(range.shard)
      if (range.after < range.upTo) this.wanted.set(subject, { range, subject, reached: range.after })
    }
    this.upTo = Math.max(0, ...[...this.wanted.values()].map(({ range }) => range.upTo))
    this.ended = new Promise((resolve, reject) => {
      this.resolve = () => {
        this.over = true
        resolve()
      }
      this.reject = (error) => {
        this.over = true
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }

  async run(): Promise<void> {
    if (this.wanted.size === 0) return
    const pending = await this.makeConsumer()
    const ends = [
      this.line.subscribe(`${this.inbox}.*`, (message) => this.take(message)),
      this.line.onLine((up) => up || this.reject(new Error('the line to NATS went down while reading'))),
    ]
    try {
      this.listen()
      this.pull()
      if (pending === 0) void this.finishUnlessBehind()
      await this.ended
    } finally {
      clearTimeout(this.silence)
      clearTimeout(this.retry)
      for (const end of ends) end()
      callJetStream(this.line, `CONSUMER.DELETE.${this.stream}.${this.consumer}`).catch(() => {})
    }
  }

  private async makeConsumer(): Promise<number> {
    const config = {
      name: this.consumer,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: Math.min(...[...this.wanted.values()].map(({ range }) => range.after)) + 1,
      filter_subjects: [...this.wanted.keys()],
      ack_policy: 'none',
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: INACTIVE_MS * NANOSECONDS,
    }
    const body = { stream_name: this.stream, config, action: 'create' }
    const name = `CONSUMER.CREATE.${this.stream}.${this.consumer}`
    return (await callJetStream<{ num_pending: number }>(this.line, name, body)).num_pending
  }

  /** One pull is open at a time, so that the server never holds more for us than one takes. */
  private pull(): void {
    this.pulls++
    this.pulled = this.delivered
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.stream}.${this.consumer}`
    this.line.publish(subject, encoder.encode(JSON.stringify(PULL)), this.pullInbox())
  }

  private pullInbox(): string {
    return `${this.inbox}.${this.pulls}`
  }

  private listen(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.reject(new Error('the reading fell silent')), SILENCE_MS)
  }

  private take(message: Msg): void {
    if (this.over) return
    try {
      const status = message.data.length === 0 ? (message.headers?.code ?? 0) : 0
      if (status === NOBODY) return this.pullLater()
      this.listen()
      if (status > 0) this.status(message.subject, status, message.headers?.description ?? '')
      else this.record(message)
    } catch (error) {
      this.reject(error)
    }
  }

  /** Our server has not heard of the new consumer on another server yet; the silence sets the limit. */
  private pullLater(): void {
    clearTimeout(this.retry)
    this.retry = setTimeout(() => this.pull(), RETRY_MS)
  }

  /** What ends a pull: its time, its bytes or its number are used up. Anything else ends the reading. */
  private status(subject: string, code: number, description: string): void {
    if (code === 100 || subject !== this.pullInbox()) return
    if (code === 408 || (code === 409 && /Batch Completed|MaxBytes/i.test(description))) this.pull()
    else throw new Error(`the reading broke off: ${code} ${description}`)
  }

  private record(message: Msg): void {
    const { seq, count, pending } = deliveryOf(message.reply ?? '')
    if (count !== this.delivered + 1) throw new Error(`the reading skipped from ${this.delivered} to ${count}`)
    this.delivered = count
    const wanted = this.wanted.get(message.subject)
    if (!wanted) throw new Error(`the reading got a record of ${message.subject}`)
    if (seq > wanted.range.after && seq <= wanted.range.upTo) this.each(wanted.range.shard, seq, message.data)
    wanted.reached = Math.max(wanted.reached, seq)
    if (seq >= this.upTo || this.isComplete()) this.resolve()
    else if (pending === 0) void this.finishUnlessBehind()
    else if (count - this.pulled === PULL.batch) this.pull()
  }

  private isComplete(): boolean {
    for (const { reached, range } of this.wanted.values()) if (reached < range.upTo) return false
    return true
  }

  private async finishUnlessBehind(): Promise<void> {
    try {
      const open = [...this.wanted.values()].filter(({ reached, range }) => reached < range.upTo)
      const missing = await Promise.all(open.map((wanted) => this.isMissing(wanted)))
      if (!missing.includes(true)) this.resolve()
    } catch (error) {
      this.reject(error)
    }
  }

  private async isMissing({ subject, reached, range }: Wanted): Promise<boolean> {
    const next = await nextMessage(this.line, this.stream, subject, reached + 1)
    return next !== null && next.seq <= range.upTo
  }
}

/**
 * Numbers in the reply subject of a delivered message, from its end: pending, time, count of deliveries, number in the stream.
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<seq>.<count>.<time>.<pending>`, with two more tokens after `ACK` and one at the
 * end when the server has a domain. Source: nats-server, ADR-15.
 */
export function deliveryOf(reply: string): { seq: number; count: number; pending: number } {
  const tokens = reply.split('.')
  const first = tokens.length > 9 ? 7 : 5
  const [seq = NaN, count = NaN, , pending = NaN] = tokens.slice(first, first + 4).map(Number)
  if (Number.isNaN(seq + count + pending)) throw new Error(`no numbers in the reply subject ${reply}`)
  return { seq, count, pending }
}
