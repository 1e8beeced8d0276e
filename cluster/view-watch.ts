/**
 * View watch: hears of every new view through a temporary push consumer that starts with the newest one. The consumer lives in
 * the memory of one server; when the line comes back or the consumer falls silent, a new one is made. Views it gives rise.
 */
import { randomUUID } from 'node:crypto'
import { createInbox, type Msg } from 'nats'
import type { Logger } from '../actors/logger.js'
import type { View } from '../actors/membership.js'
import { callJetStream } from './jetstream-api.js'
import type { NatsLine } from './nats-connection.js'
import type { NatsNames } from './nats-subjects.js'
import { decodeView } from './view-json.js'

const NANOSECONDS = 1_000_000
const HEARTBEAT_MS = 1000
const SILENCE_MS = 3000
const INACTIVE_MS = 10_000

export class ViewWatch {
  private readonly line: NatsLine
  private readonly names: NatsNames
  private readonly log: Logger
  private readonly listener: (view: View) => void
  private readonly inbox = createInbox()
  private readonly ends: (() => void)[] = []
  private silence: NodeJS.Timeout | undefined
  private consumer = ''
  private seen = 0
  private stopped = false

  constructor(line: NatsLine, names: NatsNames, log: Logger, listener: (view: View) => void) {
    this.line = line
    this.names = names
    this.log = log
    this.listener = listener
  }

  /** Rejects when the first consumer cannot be made. */
  async start(): Promise<void> {
    this.ends.push(this.line.subscribe(this.inbox, (message) => this.take(message)))
    this.ends.push(this.line.onLine((up) => up && this.again()))
    try {
      await this.makeConsumer()
    } catch (error) {
      this.stop()
      throw error
    }
    this.listen()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.silence)
    for (const end of this.ends.splice(0)) end()
    this.dropConsumer()
  }

  private again(): void {
    if (this.stopped) return
    this.listen()
    if (!this.line.isUp) return
    this.dropConsumer()
    this.makeConsumer().catch((error: unknown) =>
      this.log.warn({ error: String(error) }, 'views cannot be watched now; trying again'),
    )
  }

  private listen(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.again(), SILENCE_MS)
  }

  private async makeConsumer(): Promise<void> {
    this.consumer = `watch_${randomUUID()}`
    const config = {
      name: this.consumer,
      deliver_subject: this.inbox,
      deliver_policy: 'last',
      filter_subject: this.names.viewSubject,
      ack_policy: 'none',
      replay_policy: 'instant',
      idle_heartbeat: HEARTBEAT_MS * NANOSECONDS,
      inactive_threshold: INACTIVE_MS * NANOSECONDS,
      mem_storage: true,
      num_replicas: 1,
    }
    const stream = this.names.viewStream
    const body = { stream_name: stream, config, action: 'create' }
    await callJetStream(this.line, `CONSUMER.CREATE.${stream}.${this.consumer}.${this.names.viewSubject}`, body)
  }

  private dropConsumer(): void {
    if (!this.consumer) return
    callJetStream(this.line, `CONSUMER.DELETE.${this.names.viewStream}.${this.consumer}`).catch(() => {})
    this.consumer = ''
  }

  private take(message: Msg): void {
    this.listen()
    if (message.data.length === 0) return
    const view = decodeView(message.data)
    if (view.number <= this.seen) return
    this.seen = view.number
    this.listener(view)
  }
}
