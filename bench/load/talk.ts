/**
 * Talk: messages to the conversations of a program's raw sessions, with every ack and delivery counted and timed from when the message was meant
 * to be sent. A message is done when its sender has the ack and every listening member but the sender has it.
 */
import type { RawPush } from '../../protocol/client/wire.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import type { ServerFrame } from '../../protocol/frames.js'
import type { ConversationId } from '../../protocol/ids.js'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { nextMessageId } from './message-id.js'
import { OWN_REFS, type RawSession } from './raw-session.js'

export interface TalkPlan {
  /** Closed: so many messages under way at any time. Open: so many started per second, whatever becomes of them. */
  readonly pressure:
    { readonly kind: 'closed'; readonly window: number } | { readonly kind: 'open'; readonly rate: number }
  readonly seconds: number
  /** Content of a message; at least 16. */
  readonly bytes: number
  /** Whether each delivery's latency is answered, with its time. */
  readonly samples: boolean
}

export interface TalkResult {
  readonly sent: number
  readonly acked: number
  /** Deliveries that were due, and those that came. */
  readonly expected: number
  readonly delivered: number
  /** Messages that were done, and deliveries that came, within the time. */
  readonly doneInTime: number
  readonly deliveredInTime: number
  readonly seconds: number
  readonly errors: number
  readonly ack: LatencyData
  readonly delivery: LatencyData
  /** Pairs of intended time (monotonic clock) and latency, milliseconds. */
  readonly samples: Float64Array
}

export interface Circle {
  readonly conversation: ConversationId
  /** Indexes of its sessions. */
  readonly members: readonly number[]
}

/** Messages that may be under way; the number of a message is its place, modulo this. */
const PLACES = 1 << 20
const GATHER_MS = 100
/** The finest that timers can do; the rest of an open loop's precision is in the intended times. */
const TICK_MS = 1
const DRAIN_MS = 10_000

export class Talk {
  readonly #sessions: readonly RawSession[]
  readonly #circles: readonly Circle[]
  readonly #isDeaf: (at: number) => boolean
  readonly #plan: TalkPlan
  /** Tells messages of this talk from those of earlier ones. */
  readonly #mark = Math.random()
  readonly #intended = new Float64Array(PLACES)
  /** What is still to come for a message: its ack and its deliveries. */
  readonly #open = new Uint16Array(PLACES)
  readonly #unmarked = new Set<RawSession>()
  readonly #ack = new Latency()
  readonly #delivery = new Latency()
  readonly #samples: number[] = []
  readonly #content: Buffer
  readonly #total = { sent: 0, acked: 0, expected: 0, delivered: 0, doneInTime: 0, deliveredInTime: 0, errors: 0 }
  #done = 0
  #end = 0
  #wake: () => void = () => undefined

  /** The deaf do not send, and nothing is expected to reach them. */
  constructor(
    sessions: readonly RawSession[],
    circles: readonly Circle[],
    isDeaf: (at: number) => boolean,
    plan: TalkPlan,
  ) {
    this.#sessions = sessions
    this.#circles = circles.map(({ conversation, members }) => {
      return { conversation, members: members.filter((at) => !isDeaf(at)) }
    })
    this.#isDeaf = isDeaf
    this.#plan = plan
    this.#content = Buffer.alloc(plan.bytes, 'rookery ')
    this.#content.writeDoubleLE(this.#mark, 8)
  }

  async run(): Promise<TalkResult> {
    this.#listen()
    const gathering = setInterval(() => this.#markReceived(), GATHER_MS)
    const ticking = setInterval(() => this.#wake(), TICK_MS)
    const start = monotonic()
    this.#end = start + this.#plan.seconds * 1000
    while (monotonic() < this.#end) {
      this.#sendDue(start)
      await this.#woken()
    }
    const deadline = monotonic() + DRAIN_MS
    while (this.#done < this.#total.sent && monotonic() < deadline) await this.#woken()
    clearInterval(ticking)
    clearInterval(gathering)
    this.#markReceived()
    const [ack, delivery] = [this.#ack.data(), this.#delivery.data()]
    return { ...this.#total, seconds: this.#plan.seconds, ack, delivery, samples: Float64Array.from(this.#samples) }
  }

  #listen(): void {
    for (const [at, session] of this.#sessions.entries()) {
      if (this.#isDeaf(at)) continue
      session.onPush = (push) => this.#arrived(at, session, push)
      session.onFrame = (frame) => this.#take(frame)
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  #sendDue(start: number): void {
    const { pressure } = this.#plan
    const now = monotonic()
    if (pressure.kind === 'closed') {
      while (this.#total.sent - this.#done < pressure.window) this.#send(now)
      return
    }
    const gap = 1000 / pressure.rate
    for (let due = start + this.#total.sent * gap; due <= now; due = start + this.#total.sent * gap) this.#send(due)
  }

  #send(intended: number): void {
    const number = this.#total.sent++
    const place = number % PLACES
    const circle = this.#circles[number % this.#circles.length] as Circle
    const sender = this.#senderOf(number, circle)
    const others = circle.members.length - 1
    this.#intended[place] = intended
    this.#open[place] = others + 1
    this.#total.expected += others
    this.#content.writeDoubleLE(number)
    const rest = { type: MESSAGE_TYPE.text, content: this.#content, extra: null, priority: 0, ttl: 0 }
    const body = encodeBody({ id: nextMessageId(), ...rest })
    const { conversation } = circle
    const command = {
      frame: 'send',
      ref: OWN_REFS + place,
      conversation,
      after: null,
      id: null,
      type: 0,
      body,
    } as const
    this.#sessions[sender]?.client.command(command)
  }

  #senderOf(number: number, { members }: Circle): number {
    return members[Math.floor(number / this.#circles.length) % members.length] as number
  }

  #take(frame: ServerFrame): void {
    if (frame.frame === 'error') this.#total.errors += 1
    if (frame.frame !== 'sent') return
    this.#total.acked += 1
    this.#settle(frame.ref - OWN_REFS, this.#ack)
  }

  /** The sender's own device is pushed its messages too: those are no deliveries. */
  #arrived(at: number, session: RawSession, { bytes, contentStart, contentEnd }: Readonly<RawPush>): void {
    this.#unmarked.add(session)
    if (contentEnd - contentStart !== this.#plan.bytes) return
    const content = new DataView(bytes.buffer, bytes.byteOffset + contentStart)
    const number = content.getFloat64(0, true)
    if (content.getFloat64(8, true) !== this.#mark) return
    if (this.#senderOf(number, this.#circles[number % this.#circles.length] as Circle) === at) return
    this.#total.delivered += 1
    const now = this.#settle(number % PLACES, this.#delivery)
    if (now <= this.#end) this.#total.deliveredInTime += 1
    const intended = this.#intended[number % PLACES] ?? now
    if (this.#plan.samples) this.#samples.push(intended, now - intended)
  }

  #settle(place: number, latency: Latency): number {
    const now = monotonic()
    latency.record(now - (this.#intended[place] ?? now))
    const open = (this.#open[place] ?? 1) - 1
    this.#open[place] = open
    if (open > 0) return now
    this.#done += 1
    if (now <= this.#end) this.#total.doneInTime += 1
    this.#wake()
    return now
  }

  #markReceived(): void {
    for (const { client } of this.#unmarked) client.mark()
    this.#unmarked.clear()
  }
}

/** The results of several programs as one; samples are left out. */
export function together(results: readonly TalkResult[]): TalkResult {
  const [ack, delivery] = [new Latency(), new Latency()]
  for (const result of results) {
    ack.add(result.ack)
    delivery.add(result.delivery)
  }
  const sum = (of: (result: TalkResult) => number) => results.reduce((total, result) => total + of(result), 0)
  return {
    sent: sum(({ sent }) => sent),
    acked: sum(({ acked }) => acked),
    expected: sum(({ expected }) => expected),
    delivered: sum(({ delivered }) => delivered),
    doneInTime: sum(({ doneInTime }) => doneInTime),
    deliveredInTime: sum(({ deliveredInTime }) => deliveredInTime),
    errors: sum(({ errors }) => errors),
    seconds: results[0]?.seconds ?? 0,
    ack: ack.data(),
    delivery: delivery.data(),
    samples: new Float64Array(),
  }
}
