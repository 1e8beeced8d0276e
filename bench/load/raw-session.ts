/**
 * Raw session: an authenticated connection for workloads of Rookery alone, with questions and answers on top of RawClient. It repeats a
 * question only while the server says "temporary", and mends nothing.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { RawClient, type RawPush } from '../../protocol/client/wire.js'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import { entryHeader } from '../../protocol/entry-codec.js'
import type { Command, Page, Position, ServerFrame } from '../../protocol/frames.js'
import type { UserId } from '../../protocol/ids.js'
import { makeToken } from '../token.js'

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

export class RawSession {
  readonly user: UserId
  readonly client: RawClient
  onPush: (push: Readonly<RawPush>) => void = () => undefined
  /** Frames that answer no question, and answers to refs from OWN_REFS on. */
  onFrame: (frame: ServerFrame) => void = () => undefined
  /** Seconds between the pings the server asks for. */
  pingSeconds = 30
  readonly #socket: WebSocket
  readonly #asked = new Map<number, (frame: ServerFrame) => void>()
  #isOpen = false

  private constructor(socket: WebSocket, { user, lost }: RawSessionOptions) {
    this.user = user
    this.#socket = socket
    this.client = new RawClient(socket, {
      push: (push) => this.onPush(push),
      frame: (frame) => this.#take(frame),
      closed: (code) => {
        if (this.#isOpen) lost(this, code)
      },
    })
  }

  /** Resolves at the welcome. */
  static async open(options: RawSessionOptions): Promise<RawSession> {
    const socket = new WebSocket(options.url, SUBPROTOCOLS.msgpack, { perMessageDeflate: false })
    const ended = new Promise<never>((_, reject) => {
      socket.once('error', reject)
      socket.once('close', (code) =>
        reject(new Error(`${options.user}: closed with ${String(code)} before the welcome`)),
      )
    })
    const session = new RawSession(socket, options)
    await Promise.race([new Promise<void>((resolve) => socket.once('open', resolve)), ended])
    const token = makeToken(options.user, options.secret)
    const connect = { frame: 'connect', token, device: 'load', client: 'rookery-raw', session: 0 } as const
    const welcome = await Promise.race([session.ask('welcome', connect), ended])
    session.pingSeconds = welcome.ping
    session.#isOpen = true
    socket.on('error', () => undefined)
    return session
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
    this.#socket.pause()
  }

  read(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#isOpen = false
    this.client.close()
  }

  /** The line breaks without a word. */
  cut(): void {
    this.#isOpen = false
    this.client.cut()
  }

  #askOnce(question: Question): Promise<ServerFrame> {
    const ref = this.client.nextRef()
    return new Promise((resolve) => {
      this.#asked.set(ref, resolve)
      this.client.command({ ...question, ref })
    })
  }

  #take(frame: ServerFrame): void {
    const ref = 'ref' in frame ? frame.ref : 0
    const answered = this.#asked.get(ref)
    if (answered === undefined) return this.onFrame(frame)
    this.#asked.delete(ref)
    answered(frame)
  }
}

const seqOf = (entry: Uint8Array): number => entryHeader(entry).seq

const endOf = ({ conversation, epoch, items }: Page): Position => ({
  ...{ conversation, epoch },
  seq: seqOf((items.at(-1) as { entry: Uint8Array }).entry),
})
