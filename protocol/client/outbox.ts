/**
 * Outbox: the messages that wait for an ack, one lane per conversation. Pure: it answers which `send` frames are due. Inside
 * a lane the order is that of adding, for ever: each frame names the unacked message before it in `after`, so the server
 * never stores a message ahead of one that went missing.
 */
import type { Send } from '../frames.js'
import type { ConversationId, MessageId } from '../ids.js'

export interface Outgoing {
  readonly conversation: ConversationId
  readonly id: MessageId
  readonly type: number
  readonly priority: number
  /** As made by `encodeBody`. */
  readonly body: Uint8Array
}

/** An owner that just moved, or a server that just started, is not to be met by everything that waited. */
const FIRST_AFTER_RECONNECT = 32
/** One message goes ahead to find out whether it is better now. */
const FIRST_AFTER_ERROR = 1

interface Tracked {
  readonly message: Outgoing
  /** Its newest frame; 0 when that was refused or lost. Only the refusal of this one counts. */
  ref: number
  wasSent: boolean
}

interface Lane {
  readonly messages: Outgoing[]
  /** Index of the first message that is to be sent. */
  next: number
  /** Waits for `release` after a temporary error. */
  held: boolean
  /** How many may await an ack: few after a temporary error or a reconnect, one more with each ack. */
  window: number
}

/** What became of a frame: `gone` is out of the outbox for good, `held` is sent again after `release`. */
export interface Refusal {
  readonly message: Outgoing
  readonly outcome: 'gone' | 'held'
}

export class Outbox {
  readonly #limit: number
  readonly #nextRef: () => number
  readonly #lanes = new Map<ConversationId, Lane>()
  /** Lanes with something to send. */
  readonly #due = new Set<ConversationId>()
  readonly #tracked = new Map<MessageId, Tracked>()
  /** Frames without an answer. A message sent twice has two, and either ack is good. */
  readonly #refs = new Map<number, Tracked>()
  #resent = 0

  constructor(limit: number, nextRef: () => number) {
    this.#limit = limit
    this.#nextRef = nextRef
  }

  get size(): number {
    return this.#tracked.size
  }

  /** Frames that repeated a message. */
  get resent(): number {
    return this.#resent
  }

  /** The message that waits under this id. */
  find(id: MessageId): Outgoing | undefined {
    return this.#tracked.get(id)?.message
  }

  /** False when it is full. The id must be new here. */
  add(message: Outgoing): boolean {
    if (this.#tracked.size >= this.#limit) return false
    this.#tracked.set(message.id, { message, ref: 0, wasSent: false })
    const lane = this.#lanes.get(message.conversation)
    if (lane) lane.messages.push(message)
    else this.#lanes.set(message.conversation, { messages: [message], next: 0, held: false, window: Infinity })
    this.#due.add(message.conversation)
    return true
  }

  /** The frames to send now; conversations with a high priority message go first. */
  takeDue(): Send[] {
    const frames: Send[] = []
    for (const lane of this.#dueLanes()) {
      let after = lane.messages[lane.next - 1]?.id ?? null
      for (const message of lane.messages.slice(lane.next, lane.window)) {
        frames.push(this.#frame(message, after))
        after = message.id
        lane.next++
      }
    }
    this.#due.clear()
    return frames
  }

  /** Whether this is the ref of a frame that awaits its answer. */
  awaits(ref: number): boolean {
    return this.#refs.has(ref)
  }

  /** The server stored the message of this frame; undefined when that is known already. */
  acked(ref: number): Outgoing | undefined {
    const message = this.#takeRef(ref)?.message
    if (message === undefined || this.#remove(message) === undefined) return undefined
    const lane = this.#lanes.get(message.conversation)
    if (lane && !lane.held) {
      lane.window++
      this.#due.add(message.conversation)
    }
    return message
  }

  /** The frame was refused; undefined when the message was sent again since, or is gone. */
  refused(ref: number, temporary: boolean): Refusal | undefined {
    const tracked = this.#takeRef(ref)
    if (tracked?.ref !== ref) return undefined
    if (temporary) this.#hold(tracked.message.conversation)
    else this.withdraw(tracked.message)
    return { message: tracked.message, outcome: temporary ? 'held' : 'gone' }
  }

  /** Gives a message up; what follows it in the lane is due again, without naming it. */
  withdraw(message: Outgoing): boolean {
    const index = this.#remove(message)
    const lane = this.#lanes.get(message.conversation)
    if (lane === undefined || index === undefined) return index !== undefined
    lane.next = Math.min(lane.next, index)
    if (!lane.held) this.#due.add(message.conversation)
    return true
  }

  /** The wait after a temporary error is over. */
  release(conversation: ConversationId): void {
    const lane = this.#lanes.get(conversation)
    if (!lane?.held) return
    lane.held = false
    this.#due.add(conversation)
  }

  /** A new connection: nothing was answered, everything is due again, as acks come in. */
  restart(): void {
    this.#refs.clear()
    for (const [conversation, lane] of this.#lanes) {
      lane.next = 0
      lane.held = false
      lane.window = FIRST_AFTER_RECONNECT
      this.#due.add(conversation)
    }
  }

  #dueLanes(): Lane[] {
    const lanes: Lane[] = []
    for (const conversation of this.#due) {
      const lane = this.#lanes.get(conversation)
      if (lane && !lane.held) lanes.push(lane)
    }
    const isHigh = (lane: Lane): boolean => lane.messages.some((message) => message.priority > 5)
    return lanes.length > 1 ? [...lanes.filter(isHigh), ...lanes.filter((lane) => !isHigh(lane))] : lanes
  }

  #frame(message: Outgoing, after: MessageId | null): Send {
    const { conversation, id, type, body } = message
    const ref = this.#nextRef()
    const tracked = this.#tracked.get(id)
    if (tracked) {
      this.#refs.set(ref, tracked)
      if (tracked.wasSent) this.#resent++
      tracked.wasSent = true
      tracked.ref = ref
    }
    return { frame: 'send', ref, conversation, after, id, type, body }
  }

  /** Everything of the lane is sent again, from the first, after `release`. */
  #hold(conversation: ConversationId): void {
    const lane = this.#lanes.get(conversation)
    if (lane === undefined) return
    lane.held = true
    lane.next = 0
    lane.window = FIRST_AFTER_ERROR
    for (const { id } of lane.messages) this.#forgetRef(id)
  }

  /** The index it had in its lane; undefined when it is not there. */
  #remove(message: Outgoing): number | undefined {
    const lane = this.#lanes.get(message.conversation)
    const index = lane?.messages.indexOf(message) ?? -1
    if (lane === undefined || index < 0) return undefined
    lane.messages.splice(index, 1)
    if (index < lane.next) lane.next--
    if (lane.messages.length === 0) this.#lanes.delete(message.conversation)
    this.#forgetRef(message.id)
    this.#tracked.delete(message.id)
    return index
  }

  /** From here on only an ack of its frames has a meaning. */
  #forgetRef(id: MessageId): void {
    const tracked = this.#tracked.get(id)
    if (tracked) tracked.ref = 0
  }

  #takeRef(ref: number): Tracked | undefined {
    const tracked = this.#refs.get(ref)
    this.#refs.delete(ref)
    return tracked
  }
}
