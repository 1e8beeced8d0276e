/**
 * Direct: one-to-one durable messages between neighbouring sessions. A message is done when its sender has the ack and its
 * recipient the push; what arrived is acked by the recipient (`received`) a few times a second, as the SDK does. Latency
 * counts from the time a message was meant to be sent, so a generator or server that stalls cannot hide it.
 */
import { decodeEntry, encodeBody } from '../../protocol/entry-codec.js'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import type { Push, ServerFrame } from '../../protocol/frames.js'
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
  readonly #unreceived = new Map<LoadSession, { epoch: number; seq: number; conversation: ConversationId }>()
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
    for (const session of this.#sessions) session.listen((frame) => this.#take(session, frame))
    const gathering = setInterval(() => this.#tellReceived(), GATHER_MS)
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
    this.#tellReceived()
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
    const pairs = this.#sessions.length / 2
    const at = 2 * (number % pairs) + (Math.floor(number / pairs) % 2)
    const session = this.#sessions[at] as LoadSession
    const id = nextMessageId()
    this.#content.writeDoubleLE(number)
    const body = encodeBody({ id, type: MESSAGE_TYPE.text, content: this.#content, extra: null, priority: 0, ttl: 0 })
    const conversation = this.#conversations[at] as ConversationId
    session.send({ frame: 'send', ref: place + 1, conversation, after: null, id, type: MESSAGE_TYPE.text, body })
  }

  #take(session: LoadSession, frame: ServerFrame): void {
    if (frame.frame === 'sent') this.#mark(frame.ref - 1, ACKED, this.#ack)
    else if (frame.frame === 'push') this.#arrived(session, frame)
    else if (frame.frame === 'error') this.#errors += 1
  }

  #arrived(session: LoadSession, { epoch, entry }: Push): void {
    const { sender, seq, content, conversation } = decodeEntry(entry)
    this.#unreceived.set(session, { epoch, seq, conversation })
    if (sender === session.user || content.length !== this.#plan.bytes) return
    const number = new DataView(content.buffer, content.byteOffset).getFloat64(0, true)
    this.#mark(number % PLACES, DELIVERED, this.#delivery)
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

  #tellReceived(): void {
    for (const [session, position] of this.#unreceived) session.send({ frame: 'received', positions: [position] })
    this.#unreceived.clear()
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
