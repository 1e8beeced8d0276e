/**
 * Device: the one device of one nick, a client SDK with a recorder behind it. It keeps what it sees of each conversation as a
 * view, in the order the SDK gave it, and loses its connection as its churn says. What it hands out are acks and views.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientEntry } from '../../protocol/client/client-entry.js'
import type { RookeryClient } from '../../protocol/client/client.js'
import { MemoryStorage, type ClientStorage } from '../../protocol/client/storage.js'
import { monotonic } from '../monotonic.js'
import type { Churn } from './churn.js'
import type { EntryHash } from './entry-hash.js'
import type { Acked } from './truth.js'
import { View } from './view.js'

export type DeviceClient = Pick<RookeryClient, 'connect' | 'close' | 'create' | 'join' | 'send' | 'history' | 'on'>

/** A client and a way to break its socket without a word. */
export interface Connection {
  readonly client: DeviceClient
  breakSocket(): void
}

export interface DeviceContext {
  readonly hash: EntryHash
  /** A client that is not connected yet, with the positions in the storage. */
  readonly newConnection: (user: string, storage: ClientStorage) => Connection
  /** Paces connects. */
  readonly connect: (client: DeviceClient) => Promise<void>
  /** Passes the time of an absence. */
  readonly pause: (milliseconds: number) => Promise<unknown>
}

/** An ack, and how long it took. */
export interface Ack {
  readonly acked: Acked
  readonly took: number
}

export interface DeviceCounters {
  connects: number
  drops: number
  absences: number
  late: number
  unrecovered: number
}

const NOTHING = new Uint8Array()

export class Device {
  readonly user: string
  readonly churn: Churn
  readonly #context: DeviceContext
  readonly #counters: DeviceCounters
  readonly #storage = new MemoryStorage()
  /** What it takes part in; undefined for a conversation that was taken away. */
  readonly #views = new Map<string, View | undefined>()
  readonly #waiting = new Map<string, { readonly head: number; readonly resolve: () => void }>()
  /** What awaits an answer. */
  readonly #asked = new Set<Promise<unknown>>()
  /** The connection there is, or will be after an absence. */
  #present: Promise<Connection> | undefined

  constructor(user: string, churn: Churn, context: DeviceContext, counters: DeviceCounters) {
    this.user = user
    this.churn = churn
    this.#context = context
    this.#counters = counters
  }

  get isConnected(): boolean {
    return this.#present !== undefined
  }

  /** Whether it has a part in any conversation. */
  get isNeeded(): boolean {
    return [...this.#views.values()].some((view) => view !== undefined)
  }

  open(conversation: string, title: string): Promise<Ack> {
    return this.#enter(conversation, 'created', (client) => client.create(conversation, { title, open: true }))
  }

  join(conversation: string): Promise<Ack> {
    return this.#enter(conversation, 'joined', (client) => client.join(conversation))
  }

  /** Records a conversation that it takes part in without joining. */
  watch(conversation: string): void {
    this.#views.set(conversation, new View())
  }

  async send(conversation: string, content: Uint8Array): Promise<Ack> {
    const { client } = await this.#connection()
    const sentAt = monotonic()
    const { id, epoch, seq } = await this.#track(client.send(conversation, { content }))
    const hash = this.#context.hash({ kind: 'message', type: 'text', sender: this.user, id, content })
    return { acked: { isMessage: true, epoch, seq, hash, sentAt }, took: monotonic() - sentAt }
  }

  /** Everything there is of the conversation, page by page, as a view of its own. */
  async history(conversation: string, limit: number): Promise<View> {
    const view = new View()
    for (let after = 0, more = true; more;) {
      const { client } = await this.#connection()
      const page = await this.#track(client.history(conversation, { after, limit }))
      for (const entry of page.entries) view.add(this.#seen(entry))
      after = page.entries.at(-1)?.seq ?? after
      more = page.more && page.entries.length > 0
    }
    return view
  }

  /** Resolves with true when the device has seen the conversation up to `head`, with false when it has not in time. */
  async reached(conversation: string, head: number, patienceMs: number): Promise<boolean> {
    if ((this.#views.get(conversation)?.highest ?? 0) >= head) return true
    const late = new AbortController()
    const arrival = new Promise<true>((resolve) => {
      this.#waiting.set(conversation, { head, resolve: () => resolve(true) })
    })
    const timeout = pause(patienceMs, false, { signal: late.signal }).catch(() => false)
    const isThere = await Promise.race([arrival, timeout])
    late.abort()
    this.#waiting.delete(conversation)
    return isThere
  }

  /** The view is complete: what comes of this conversation from now on is too much. */
  take(conversation: string): View {
    const view = this.#views.get(conversation)
    this.#views.set(conversation, undefined)
    return view ?? new View()
  }

  /** Closes the connection in an orderly way; the next thing to do opens it again. */
  async rest(): Promise<void> {
    const present = this.#present
    this.#present = undefined
    await (await present)?.client.close()
  }

  async #enter(
    conversation: string,
    kind: 'created' | 'joined',
    ask: (client: DeviceClient) => Promise<{ readonly epoch: number; readonly seq: number }>,
  ): Promise<Ack> {
    this.#views.set(conversation, new View())
    const { client } = await this.#connection()
    const sentAt = monotonic()
    const { epoch, seq } = await this.#track(ask(client))
    const hash = this.#context.hash({ kind, type: '', sender: this.user, id: '', content: NOTHING })
    return { acked: { isMessage: false, epoch, seq, hash, sentAt }, took: monotonic() - sentAt }
  }

  #connection(): Promise<Connection> {
    this.#present ??= this.#connect()
    return this.#present
  }

  async #connect(): Promise<Connection> {
    const connection = this.#context.newConnection(this.user, this.#storage)
    connection.client.on('entry', (entry) => this.#record(entry))
    connection.client.on('unrecovered', () => (this.#counters.unrecovered += 1))
    await this.#context.connect(connection.client)
    return connection
  }

  /** Keeps a device from going away with something in flight. */
  #track<T>(asked: Promise<T>): Promise<T> {
    const settled = asked.catch(() => undefined)
    this.#asked.add(settled)
    void settled.finally(() => this.#asked.delete(settled))
    return asked
  }

  #record(entry: ClientEntry): void {
    if (!this.#views.has(entry.conversation)) return
    const view = this.#views.get(entry.conversation)
    if (view === undefined) {
      this.#counters.late += 1
      return
    }
    view.add(this.#seen(entry))
    const waiting = this.#waiting.get(entry.conversation)
    if (waiting !== undefined && entry.seq >= waiting.head) waiting.resolve()
    this.#interrupt()
  }

  #seen({ kind, type, sender, id, content, epoch, seq, own }: ClientEntry): Parameters<View['add']>[0] {
    const isMessage = kind === 'message'
    const hash = this.#context.hash({ kind, type: type ?? '', sender, id: isMessage ? id : '', content })
    return { epoch, seq, hash, arrival: isMessage && !own ? monotonic() : NaN }
  }

  #interrupt(): void {
    const interruption = this.churn.next()
    const present = this.#present
    if (interruption.kind === 'none' || present === undefined) return
    if (interruption.kind === 'drop') {
      this.#counters.drops += 1
      void present.then((connection) => connection.breakSocket())
      return
    }
    this.#counters.absences += 1
    this.#present = this.#absence(present, interruption.milliseconds)
  }

  /** A new client afterwards: it knows nothing but what the old one stored. */
  async #absence(present: Promise<Connection>, milliseconds: number): Promise<Connection> {
    const { client } = await present
    await Promise.all(this.#asked)
    await client.close()
    await this.#context.pause(milliseconds)
    return this.#connect()
  }
}
