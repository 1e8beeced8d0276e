/**
 * Sender: the promises around the outbox. It gives each message its id, resolves with the place the server gave it, waits
 * after a temporary error before the lane goes out again, and keeps the storage in step.
 */
import type { ErrorReply, Send, Sent } from '../frames.js'
import { REPLY_ERRORS } from '../errors.js'
import { messageIdText, parseMessageId, type ConversationId, type MessageId } from '../ids.js'
import type { Backoff } from './backoff.js'
import { RookeryError } from './client-error.js'
import type { ClientClock } from './clock.js'
import { deferred, type Deferred } from './deferred.js'
import type { Events } from './events.js'
import type { GuardedStorage } from './guarded-storage.js'
import { compose, type NewMessage } from './new-message.js'
import { Outbox, type Outgoing } from './outbox.js'
import type { StoredMessage } from './storage.js'

/** The place of a stored message in its conversation. */
export interface SentMessage {
  readonly id: string
  readonly epoch: number
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly time: number
}

export interface SenderContext {
  readonly clock: ClientClock
  readonly storage: GuardedStorage
  readonly outboxLimit: number
  /** Milliseconds. */
  readonly sendTimeout: number
  readonly nextRef: () => number
  readonly nextId: () => MessageId
  readonly newBackoff: () => Backoff
  readonly transmit: (send: Send) => void
  /** For errors that no promise can carry. */
  readonly events: Events
}

interface Waiting extends Deferred<SentMessage> {
  /** Ends the wait for the time-out. */
  readonly cancelTimeout: () => void
}

export class Sender {
  readonly #context: SenderContext
  readonly #outbox: Outbox
  readonly #waiting = new Map<MessageId, Waiting>()
  readonly #backoffs = new Map<ConversationId, Backoff>()
  /** Cancel the waits of lanes that are held. */
  readonly #holds = new Map<ConversationId, () => void>()
  #isOnline = false

  constructor(context: SenderContext) {
    this.#context = context
    this.#outbox = new Outbox(context.outboxLimit, context.nextRef)
  }

  /** Messages sent more than once. */
  get resent(): number {
    return this.#outbox.resent
  }

  /** Takes over what an earlier client left unacked. */
  load(messages: readonly StoredMessage[]): void {
    for (const stored of messages) {
      const id = parseMessageId(stored.id)
      if (id === undefined || !this.#outbox.add({ ...stored, id })) {
        this.#context.events.emit('error', new RookeryError('storage-failed', `cannot take over message ${stored.id}`))
      }
    }
  }

  /** Resolves when the server has stored the message. */
  send(conversation: ConversationId, message: NewMessage): Promise<SentMessage> {
    const outgoing = compose(conversation, message, this.#context.nextId)
    const earlier = this.#outbox.find(outgoing.id)
    if (earlier && earlier.conversation !== conversation) throw new RookeryError('id-conflict')
    if (!earlier) this.#add(outgoing)
    const waiting = this.#waiting.get(outgoing.id) ?? {
      ...deferred<SentMessage>(),
      cancelTimeout: this.#expire(outgoing),
    }
    this.#waiting.set(outgoing.id, waiting)
    return waiting.promise
  }

  online(): void {
    this.#isOnline = true
    this.#outbox.restart()
    this.#flush()
  }

  offline(): void {
    this.#isOnline = false
    for (const cancel of this.#holds.values()) cancel()
    this.#holds.clear()
  }

  /** False when the reply is not to a message. */
  sent({ ref, epoch, seq, time }: Sent): boolean {
    if (!this.#outbox.awaits(ref)) return false
    const message = this.#outbox.acked(ref)
    if (message === undefined) return true
    this.#backoffs.delete(message.conversation)
    this.#settle(message)?.resolve({ id: messageIdText(message.id), epoch, seq, time })
    this.#flush()
    return true
  }

  /** False when the reply is not to a message. */
  refused({ ref, error, detail, retry }: ErrorReply): boolean {
    if (!this.#outbox.awaits(ref)) return false
    const refusal = this.#outbox.refused(ref, REPLY_ERRORS[error].temporary)
    if (refusal?.outcome === 'held') this.#releaseLater(refusal.message.conversation, retry)
    if (refusal?.outcome === 'gone') this.#fail(refusal.message, new RookeryError(error, detail))
    return true
  }

  /** What waits is rejected here, but stays in the storage for the next client. */
  close(error: RookeryError): void {
    this.offline()
    for (const waiting of this.#waiting.values()) {
      waiting.cancelTimeout()
      waiting.reject(error)
    }
    this.#waiting.clear()
  }

  #add(message: Outgoing): void {
    if (!this.#outbox.add(message)) throw new RookeryError('outbox-full')
    const stored = { ...message, id: messageIdText(message.id) }
    this.#context.storage.addMessage(stored)
    this.#flush()
  }

  #flush(): void {
    if (!this.#isOnline) return
    for (const send of this.#outbox.takeDue()) this.#context.transmit(send)
  }

  /** The answer cancels it. */
  #expire(message: Outgoing): () => void {
    const { clock, sendTimeout } = this.#context
    if (sendTimeout === Infinity) return () => undefined
    return clock.after(sendTimeout, () => {
      if (this.#outbox.withdraw(message)) this.#fail(message, new RookeryError('send-timeout'))
    })
  }

  /** One wait per lane: the refusals of a burst follow one another, the first one decides. */
  #releaseLater(conversation: ConversationId, retry: number): void {
    const backoff = this.#backoffs.get(conversation) ?? this.#context.newBackoff()
    this.#backoffs.set(conversation, backoff)
    const release = (): void => {
      this.#holds.delete(conversation)
      this.#outbox.release(conversation)
      this.#flush()
    }
    this.#holds.set(conversation, this.#context.clock.after(Math.max(retry, backoff.next()), release))
  }

  #fail(message: Outgoing, error: RookeryError): void {
    const waiting = this.#settle(message)
    if (waiting) waiting.reject(error)
    else this.#context.events.emit('error', error)
    this.#flush()
  }

  /** Takes the message out of the books; its promise is the caller's to settle. */
  #settle(message: Outgoing): Deferred<SentMessage> | undefined {
    const id = messageIdText(message.id)
    this.#context.storage.removeMessage(id)
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    waiting?.cancelTimeout()
    return waiting
  }
}
