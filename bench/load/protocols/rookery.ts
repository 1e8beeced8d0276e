/**
 * Rookery's wire protocol for load, on the raw client: ids made without crypto, an ack for every message, delivery acks in batches
 * as the SDK sends them. What a group is to the others is a group here, and a room when its name begins with "room".
 */
import { createHash } from 'node:crypto'
import { encodeBody } from '../../../protocol/entry-codec.js'
import { ENTRY_KIND, MESSAGE_TYPE } from '../../../protocol/entry.js'
import type { Change, ServerFrame } from '../../../protocol/frames.js'
import { directConversation, type ConversationId } from '../../../protocol/ids.js'
import type { RawClient, RawListener, RawPush } from '../../../protocol/client/wire.js'
import { makeToken } from '../../token.js'
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { nextMessageId } from '../message-id.js'
import { RawLine } from '../raw-line.js'

/** References of joins; messages and echoes use their number. */
const JOIN_REF = 2 ** 31
const RETRY_MS = 200

export const rookery: LoadProtocol = {
  heartbeatSeconds: 30,
  async connect(target, user, at, listener) {
    if (target.protocol !== 'rookery') throw new Error(`not Rookery but ${target.protocol}`)
    const url = target.urls[at % target.urls.length] ?? ''
    const connection = new RookeryConnection(user, at, listener)
    await connection.open(url, makeToken(user, target.secret))
    return connection
  },
}

class RookeryConnection implements LoadClient, RawListener {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  #client!: RawClient
  #welcomed: () => void = () => undefined
  #refused: (reason: Error) => void = () => undefined
  #joinRef = JOIN_REF
  #duplicates = 0
  readonly #joins = new Map<number, (error: string | undefined) => void>()
  /** Of the last direct message: pairs write to each other again and again. */
  #to = ''
  #conversation: ConversationId = ''

  constructor(user: string, at: number, listener: LoadListener) {
    this.user = user
    this.#at = at
    this.#listener = listener
  }

  /** Resolves at the welcome. */
  async open(url: string, token: string): Promise<void> {
    const welcome = new Promise<void>((resolve, reject) => {
      this.#welcomed = resolve
      this.#refused = reject
    })
    welcome.catch(() => undefined)
    this.#client = (await RawLine.open(url, this)).client
    this.#client.connect(token, 'load')
    await welcome
  }

  async join(group: string): Promise<void> {
    const conversation = conversationOf(group)
    for (;;) {
      const error = await this.#change({ frame: 'join', conversation })
      if (error === undefined) return
      if (error !== 'no-such-conversation' && error !== 'temporary') throw new Error(`join of ${group}: ${error}`)
      if (error === 'temporary') await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      else if (
        (await this.#change({ frame: 'create', conversation, title: group, open: true, users: [] })) === undefined
      )
        return
    }
  }

  sendDirect(to: string, number: number, content: Uint8Array): void {
    if (to !== this.#to) {
      this.#to = to
      this.#conversation = directConversation(this.user, to)
    }
    this.#send(this.#conversation, number, content)
  }

  sendGroup(group: string, number: number, content: Uint8Array): void {
    this.#send(conversationOf(group), number, content)
  }

  /** The server has no echo: its answer to a ping with a reference is the ack. */
  echo(number: number): void {
    this.#client.command({ frame: 'ping', ref: number + 1 })
  }

  heartbeat(): void {
    this.#client.command({ frame: 'ping', ref: 0 })
  }

  confirm(): void {
    this.#client.mark()
  }

  close(): void {
    this.#client.close()
  }

  /** Drops what it has already, as the SDK does: a push that was not acknowledged in time comes again. */
  push({ kind, bytes, contentStart, contentEnd }: Readonly<RawPush>): void {
    const { duplicates } = this.#client.counters
    const isDuplicate = duplicates !== this.#duplicates
    this.#duplicates = duplicates
    if (!isDuplicate && kind === ENTRY_KIND.message) this.#listener.delivered(this.#at, bytes, contentStart, contentEnd)
  }

  closed(code: number): void {
    const reason = `close code ${String(code)}`
    this.#refused(new Error(`${this.user}: ${reason}`))
    this.#listener.lost(this.#at, reason)
  }

  frame(frame: ServerFrame): void {
    switch (frame.frame) {
      case 'welcome':
        return this.#welcomed()
      case 'sent':
      case 'pong':
        return this.#answered(frame.ref, undefined)
      case 'error':
        return this.#answered(frame.ref, frame.error)
      default:
    }
  }

  #send(conversation: ConversationId, number: number, content: Uint8Array): void {
    const id = nextMessageId()
    const body = encodeBody({ id, type: MESSAGE_TYPE.text, content, extra: null, priority: 0, ttl: 0 })
    this.#client.command({ frame: 'send', ref: number + 1, conversation, after: null, id: null, type: 0, body })
  }

  #answered(ref: number, error: string | undefined): void {
    if (ref === 0) return
    const join = this.#joins.get(ref)
    if (join !== undefined) join(error)
    else if (error === undefined) this.#listener.acked(this.#at, ref - 1)
    else this.#listener.failed(this.#at, error)
    this.#joins.delete(ref)
  }

  #change(
    change: Change extends infer C ? (C extends Change ? Omit<C, 'ref'> : never) : never,
  ): Promise<string | undefined> {
    const ref = this.#joinRef++
    return new Promise((resolve) => {
      this.#joins.set(ref, resolve)
      this.#client.command({ ...change, ref })
    })
  }
}

const conversations = new Map<string, ConversationId>()

/** The conversation behind the name of a group. */
export function conversationOf(group: string): ConversationId {
  const known = conversations.get(group)
  if (known !== undefined) return known
  const conversation = group.startsWith('room') ? `r:${group}` : `g:${uuidOf(group)}`
  conversations.set(group, conversation)
  return conversation
}

/** Of version 8 (RFC 9562, section 5.8): made from the name. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
