/**
 * Requests: changes and queries that await their one reply. Each is repeated, on a new connection or after a temporary
 * error, until it is answered for good; all of them may be repeated without harm.
 */
import type { Change, ErrorReply, Query, Reply, Resume } from '../frames.js'
import { REPLY_ERRORS } from '../errors.js'
import { RookeryError } from './client-error.js'
import { deferred } from './deferred.js'
import type { Backoff } from './backoff.js'
import type { ClientClock } from './clock.js'

type WithoutRef<C> = C extends Change | Query ? Omit<C, 'ref'> : never
/** A command without its ref. Resumes belong to the inbox. */
export type Request = WithoutRef<Change | Exclude<Query, Resume>>
export type ChangeRequest = WithoutRef<Change>

interface Pending {
  readonly request: Request
  readonly expects: Reply['frame']
  readonly backoff: Backoff
  resolve(reply: Reply): void
  reject(error: Error): void
}

export interface RequestsContext {
  readonly clock: ClientClock
  readonly nextRef: () => number
  readonly newBackoff: () => Backoff
  /** Throws when the command cannot be sent at all. */
  readonly transmit: (command: Change | Query) => void
}

export class Requests {
  readonly #context: RequestsContext
  /** By the ref of the newest attempt. */
  readonly #pending = new Map<number, Pending>()
  #isOnline = false

  constructor(context: RequestsContext) {
    this.#context = context
  }

  /** Resolves with the reply; rejects with a permanent error, or when the client closes. */
  ask<F extends Reply['frame']>(expects: F, request: Request): Promise<Extract<Reply, { frame: F }>> {
    const { promise, ...settle } = deferred<Reply>()
    this.#submit({ request, expects, backoff: this.#context.newBackoff(), ...settle })
    return promise as Promise<Extract<Reply, { frame: F }>>
  }

  /** False when nobody awaits the reply. */
  reply(reply: Exclude<Reply, ErrorReply>): boolean {
    const pending = this.#take(reply.ref)
    if (reply.frame === pending?.expects) pending.resolve(reply)
    else pending?.reject(new RookeryError('bad-frame', `${reply.frame} does not answer ${pending.request.frame}`))
    return pending !== undefined
  }

  refused({ ref, error, detail, retry }: ErrorReply): boolean {
    const pending = this.#take(ref)
    if (pending && REPLY_ERRORS[error].temporary) this.#repeat(pending, retry)
    else pending?.reject(new RookeryError(error, detail))
    return pending !== undefined
  }

  online(): void {
    this.#isOnline = true
    const unanswered = [...this.#pending.values()]
    this.#pending.clear()
    for (const pending of unanswered) this.#submit(pending)
  }

  offline(): void {
    this.#isOnline = false
  }

  /** Nothing will be answered any more. */
  close(error: RookeryError): void {
    this.#isOnline = false
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }

  #submit(pending: Pending): void {
    const ref = this.#context.nextRef()
    this.#pending.set(ref, pending)
    if (!this.#isOnline) return
    try {
      this.#context.transmit({ ...pending.request, ref })
    } catch (error) {
      this.#take(ref)?.reject(error as Error)
    }
  }

  /** Keeps a place among the pending while it waits, so that a new connection or the end finds it. */
  #repeat(pending: Pending, retry: number): void {
    const place = this.#context.nextRef()
    this.#pending.set(place, pending)
    this.#context.clock.after(Math.max(retry, pending.backoff.next()), () => {
      if (this.#take(place)) this.#submit(pending)
    })
  }

  #take(ref: number): Pending | undefined {
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    return pending
  }
}
