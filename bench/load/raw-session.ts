/**
 * Raw session: an authenticated connection for workloads of Rookery alone, with questions and answers on top of RawClient. It repeats a
 * question only while the server says "temporary", and mends nothing.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RawClient, RawListener, RawPush } from '../../protocol/client/wire.js'
import { entryHeader } from '../../protocol/entry-codec.js'
import type { Command, Page, Position, ServerFrame } from '../../protocol/frames.js'
import type { UserId } from '../../protocol/ids.js'
import { makeToken } from '../token.js'
import { RawLine } from './raw-line.js'

/** A command that is answered, without the number that ties the answer to it. */
export type Question = WithoutRef<Extract<Command, { readonly ref: number }>>
type WithoutRef<T> = T extends { readonly ref: number } ? Omit<T, 'ref'> : never

export interface RawSessionOptions {
  readonly url: string
  readonly secret: string
  readonly user: UserId
  /** The connection ended without `close`. */
  readonly lost: (session: RawSession, code: number) => void
}

/** Refs from here on belong to workloads that number their sends themselves; their answers go to `onAnswer`. */
export const OWN_REFS = 2 ** 24
const TRIES = 100

export class RawSession implements RawListener {
  readonly user: UserId
  onPush: (push: Readonly<RawPush>) => void = () => undefined
  /** Frames that answer no question, and answers to refs from OWN_REFS on. */
  onFrame: (frame: ServerFrame) => void = () => undefined
  /** Seconds between the pings the server asks for. */
  pingSeconds = 30
  #line!: RawLine
  readonly #asked = new Map<number, (frame: ServerFrame) => void>()
  /** Hears of an end that nobody here asked for. */
  #ended: (code: number) => void = () => undefined

  private constructor(user: UserId) {
    this.user = user
  }

  /** Resolves at the welcome. */
  static async open({ url, secret, user, lost }: RawSessionOptions): Promise<RawSession> {
    const session = new RawSession(user)
    session.#line = await RawLine.open(url, session)
    const ended = new Promise<never>((_, reject) => {
      session.#ended = (code) => reject(new Error(`${user}: closed with ${String(code)} before the welcome`))
    })
    const token = makeToken(user, secret)
    const connect = { frame: 'connect', token, device: 'load', client: 'rookery-raw', session: 0 } as const
    const welcome = await Promise.race([session.ask('welcome', connect), ended])
    session.pingSeconds = welcome.ping
    session.#ended = (code) => lost(session, code)
    return session
  }

  get client(): RawClient {
    return this.#line.client
  }

  push(push: Readonly<RawPush>): void {
    this.onPush(push)
  }

  frame(frame: ServerFrame): void {
    const ref = 'ref' in frame ? frame.ref : 0
    const answered = this.#asked.get(ref)
    if (answered === undefined) return this.onFrame(frame)
    this.#asked.delete(ref)
    answered(frame)
  }

  closed(code: number): void {
    this.#ended(code)
  }

  /** Rejects with the error the server names; asks again while it is temporary. */
  async ask<F extends ServerFrame['frame']>(
    expected: F,
    question: Question,
  ): Promise<Extract<ServerFrame, { frame: F }>> {
    for (let tries = 0; ; tries++) {
      const answer = await this.#askOnce(question)
      if (answer.frame === expected) return answer as Extract<ServerFrame, { frame: F }>
      const { error, detail, retry } =
        answer.frame === 'error' ? answer : { error: answer.frame, detail: 'unexpected', retry: 0 }
      if (retry === 0 || tries === TRIES) throw new Error(`${this.user}, ${question.frame}: ${error} (${detail})`)
      await pause(retry)
    }
  }

  /** Everything after the positions, page by page; what comes is given to `take`. */
  async resume(positions: readonly Position[], limit: number, take: (page: Page) => void): Promise<void> {
    for (let left = positions; left.length > 0;) {
      const { pages, errors } = await this.ask('resumed', { frame: 'resume', positions: left, limit })
      pages.forEach(take)
      const again = new Set(errors.map(({ conversation }) => conversation))
      const more = pages.filter((page) => page.more && page.items.length > 0).map(endOf)
      left = [...more, ...left.filter(({ conversation }) => again.has(conversation))]
    }
  }

  /** Stops reading: what the server sends stays in the kernel's buffers, then in its own. */
  stall(): void {
    this.#line.pause()
  }

  read(): void {
    this.#line.resume()
  }

  close(): void {
    this.client.close()
  }

  /** The line breaks without a word. */
  cut(): void {
    this.client.cut()
  }

  #askOnce(question: Question): Promise<ServerFrame> {
    const ref = this.client.nextRef()
    return new Promise((resolve) => {
      this.#asked.set(ref, resolve)
      this.client.command({ ...question, ref })
    })
  }
}

const seqOf = (entry: Uint8Array): number => entryHeader(entry).seq

const endOf = ({ conversation, epoch, items }: Page): Position => ({
  ...{ conversation, epoch },
  seq: seqOf((items.at(-1) as { entry: Uint8Array }).entry),
})
