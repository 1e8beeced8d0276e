/**
 * Direct: one-to-one durable messages between neighbouring sessions. A message is done when its sender has the ack and its
 * recipient the push; what arrived is acked by the recipient (`received`) a few times a second, as the SDK does. Latency
 * counts from the time a message was meant to be sent, so a generator or server that stalls cannot hide it.
 */
import type { RawPush } from '../../protocol/client/wire.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import type { ServerFrame } from '../../protocol/frames.js'
import { directConversation, type ConversationId } from '../../protocol/ids.js'
import { Latency } from '../latency.js'
import { monotonic } from '../monotonic.js'
import type { LoadSession } from './load-session.js'
import { nextMessageId } from './message-id.js'
import type { DirectPlan, DirectResult } from './orders.js'

/** Messages that may be under way; the number of a message is its place, modulo this. */
const PLACES = 1 << 20
const ACKED = 1
const DELIVERED = 2
const DONE = ACKED | DELIVERED
const GATHER_MS = 100
/** The finest that timers can do; the rest of an open loop's precision is in the intended times. */
const TICK_MS = 1
const DRAIN_MS = 10_000

export class Direct {
  readonly #sessions: readonly LoadSession[]
  readonly #conversations: readonly ConversationId[]
  readonly #plan: DirectPlan
  readonly #intended = new Float64Array(PLACES)
  readonly #state = new Uint8Array(PLACES)
  readonly #ack = new Latency()
  readonly #delivery = new Latency()
  readonly #unmarked = new Set<LoadSession>()
  readonly #content: Buffer
  #sent = 0
  #done = 0
  #doneInTime = 0
  #errors = 0
  #end = 0
  #wake: () => void = () => undefined

  constructor(sessions: readonly LoadSession[], plan: DirectPlan) {
    this.#sessions = sessions
    this.#plan = plan
    this.#content = Buffer.alloc(plan.bytes, 'rookery ')
    this.#conversations = sessions.map(({ user }, at) => directConversation(user, sessions[at ^ 1]?.user ?? user))
  }

  async run(): Promise<DirectResult> {
    for (const [at, session] of this.#sessions.entries()) {
      session.listener = { push: (push) => this.#arrived(at, session, push), frame: (frame) => this.#take(frame) }
    }
    const gathering = setInterval(() => this.#markReceived(), GATHER_MS)
    const ticking = setInterval(() => this.#wake(), TICK_MS)
    const start = monotonic()
    this.#end = start + this.#plan.seconds * 1000
    while (monotonic() < this.#end) {
      this.#sendDue(start)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    await this.#drain()
    clearInterval(ticking)
    clearInterval(gathering)
    this.#markReceived()
    return this.#result()
  }

  #sendDue(start: number): void {
    const { pressure } = this.#plan
    const now = monotonic()
    if (pressure.kind === 'closed') {
      while (this.#sent - this.#done < pressure.window) this.#send(now)
      return
    }
    const gap = 1000 / pressure.rate
    for (let due = start + this.#sent * gap; due <= now; due = start + this.#sent * gap) this.#send(due)
  }

  #send(intended: number): void {
    const number = this.#sent++
    const place = number % PLACES
    this.#intended[place] = intended
    this.#state[place] = 0
    const at = this.#senderOf(number)
    const id = nextMessageId()
    this.#content.writeDoubleLE(number)
    const body = encodeBody({ id, type: MESSAGE_TYPE.text, content: this.#content, extra: null, priority: 0, ttl: 0 })
    const conversation = this.#conversations[at] as ConversationId
    const command = { frame: 'send', ref: place + 1, conversation, after: null, id: null, type: 0, body } as const
    this.#sessions[at]?.client.command(command)
  }

  /** Every pair in turn, first one way, then the other. */
  #senderOf(number: number): number {
    const pairs = this.#sessions.length / 2
    return 2 * (number % pairs) + (Math.floor(number / pairs) % 2)
  }

  #take(frame: ServerFrame): void {
    if (frame.frame === 'sent') this.#mark(frame.ref - 1, ACKED, this.#ack)
    else if (frame.frame === 'error') this.#errors += 1
  }

  /** The sender's own device is pushed its messages too: those are no deliveries. */
  #arrived(at: number, session: LoadSession, { bytes, contentStart, contentEnd }: Readonly<RawPush>): void {
    this.#unmarked.add(session)
    if (contentEnd - contentStart !== this.#plan.bytes) return
    const number = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(contentStart, true)
    if (this.#senderOf(number) !== at) this.#mark(number % PLACES, DELIVERED, this.#delivery)
  }

  #mark(place: number, flag: number, latency: Latency): void {
    const before = this.#state[place] ?? 0
    if ((before & flag) !== 0) return
    this.#state[place] = before | flag
    const now = monotonic()
    latency.record(now - (this.#intended[place] ?? now))
    if ((before | flag) !== DONE) return
    this.#done += 1
    if (now <= this.#end) this.#doneInTime += 1
    this.#wake()
  }

  #markReceived(): void {
    for (const { client } of this.#unmarked) client.mark()
    this.#unmarked.clear()
  }

  async #drain(): Promise<void> {
    const deadline = monotonic() + DRAIN_MS
    while (this.#done < this.#sent && monotonic() < deadline)
      await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  #result(): DirectResult {
    return {
      sent: this.#sent,
      done: this.#doneInTime,
      seconds: this.#plan.seconds,
      missing: this.#sent - this.#done,
      errors: this.#errors,
      ack: this.#ack.data(),
      delivery: this.#delivery.data(),
    }
  }
}
