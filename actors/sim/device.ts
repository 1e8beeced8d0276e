/**
 * Device: a user's phone with the real SDK on it, its storage outliving the application. It sends, keeps repeating what was not acked,
 * writes down what it is shown and what it is promised; the checker reads that.
 */
import { RookeryError } from '../../protocol/client/client-error.js'
import { RookeryClient } from '../../protocol/client/client.js'
import type { ClientClock } from '../../protocol/client/clock.js'
import type { ClientEntry } from '../../protocol/client/client-entry.js'
import type { SocketClass } from '../../protocol/client/link.js'
import { MemoryStorage } from '../../protocol/client/storage.js'
import type { ConversationId, DeviceId, UserId } from '../../protocol/ids.js'
import type { Clock, Random } from '../clock.js'
import type { Trace } from './trace.js'
import { Wire } from './wire.js'
import type { Host } from './wire.js'

/** One thing a device was shown, in the order it was shown. */
export type Shown =
  | { readonly what: 'entry'; readonly entry: ClientEntry }
  /** The application was started anew: what comes may repeat what the storage had not noted. */
  | { readonly what: 'restart'; readonly noted: ReadonlySet<ConversationId> }
  /** `recovered: false`: what was held of the conversation is stale. */
  | { readonly what: 'unrecovered'; readonly conversation: ConversationId; readonly epoch: number }

/** A message the application wants sent, and what became of it. */
export interface Wanted {
  readonly conversation: ConversationId
  readonly id: string
  readonly content: string
  readonly user: UserId
  readonly device: DeviceId
  /** Sent before, and acked: this is a repeat. */
  readonly repeats: Wanted | null
  outcome: 'open' | 'acked' | 'refused'
  epoch: number
  seq: number
  refusal: string
}

export interface DeviceParts {
  readonly user: UserId
  readonly name: DeviceId
  readonly clock: Clock
  readonly random: Random
  readonly trace: Trace
  readonly delay: () => number
  readonly dial: () => Host | null
}

export class Device {
  readonly user: UserId
  readonly name: DeviceId
  readonly label: string
  readonly shown: Shown[] = []
  readonly wanted: Wanted[] = []
  /** Permanent errors that nobody awaited. */
  readonly errors: string[] = []
  client: RookeryClient | null = null
  readonly #parts: DeviceParts
  readonly #storage = new MemoryStorage()
  /** What it was shown last, by conversation. */
  readonly #heads = new Map<ConversationId, ClientEntry>()
  #changes = new Set<object>()
  #wire: Wire | null = null

  constructor(parts: DeviceParts) {
    this.#parts = parts
    this.user = parts.user
    this.name = parts.name
    this.label = `${parts.user}/${parts.name}`
  }

  get isOnline(): boolean {
    return this.client?.state === 'online'
  }

  /** Whether it was shown what is at a place, or what comes after it. */
  hasSeen(conversation: ConversationId, epoch: number, seq: number): boolean {
    const head = this.#heads.get(conversation)
    return head !== undefined && (head.epoch > epoch || (head.epoch === epoch && head.seq >= seq))
  }

  /** Starts the application. */
  start(): void {
    if (this.client !== null) return
    const { user, name, random, trace } = this.#parts
    const client: RookeryClient = new RookeryClient({
      url: 'ws://cluster/ws',
      token: user,
      device: name,
      storage: this.#storage,
      clock: this.#clockOf(() => this.client === client),
      random,
      reconnect: { min: 100, max: 2_000 },
      WebSocket: this.#socketClass(),
    })
    this.client = client
    this.shown.push({ what: 'restart', noted: this.#noted() })
    this.#listen(client)
    trace.add(this.label, 'starts')
    client.connect().catch(() => undefined)
    for (const wanted of this.wanted) if (wanted.outcome === 'open') this.#send(client, wanted)
  }

  /** The conversations of which the storage has a position. */
  #noted(): ReadonlySet<ConversationId> {
    return new Set(this.#storage.load().positions.map(({ conversation }) => conversation))
  }

  /** Time for one run of the application: its timers end with it. */
  #clockOf(isRunning: () => boolean): ClientClock {
    const { clock } = this.#parts
    return { now: () => clock.now(), after: (ms, task) => clock.after(ms, () => isRunning() && task()) }
  }

  #listen(client: RookeryClient): void {
    const { trace } = this.#parts
    client.on('entry', (entry) => {
      this.shown.push({ what: 'entry', entry })
      this.#heads.set(entry.conversation, entry)
      trace.add(this.label, 'is shown', entry.conversation, entry.epoch, entry.seq, entry.kind)
    })
    client.on('unrecovered', ({ conversation, epoch }) => {
      this.shown.push({ what: 'unrecovered', conversation, epoch })
      trace.add(this.label, 'is told recovered: false of', conversation, epoch)
    })
    client.on('error', (error) => {
      this.errors.push(error.message)
      trace.add(this.label, 'error', error.message)
    })
    client.on('closed', ({ name }) => trace.add(this.label, 'closed:', name))
  }

  /** A class of which each object is a wire of this device. */
  #socketClass(): SocketClass {
    const { clock, delay, dial } = this.#parts
    const connected = (wire: Wire | null): void => {
      this.#wire = wire
    }
    return class extends Wire {
      constructor() {
        super({ clock, delay, dial, ended: () => connected(null) })
        connected(this)
      }
    }
  }

  send(wanted: Wanted): void {
    this.wanted.push(wanted)
    if (this.client !== null) this.#send(this.client, wanted)
  }

  #send(client: RookeryClient, wanted: Wanted): void {
    const { trace } = this.#parts
    const { conversation, id, content } = wanted
    client.send(conversation, { id, content }).then(
      ({ epoch, seq }) => {
        if (client !== this.client) return
        Object.assign(wanted, { outcome: 'acked', epoch, seq })
        trace.add(this.label, 'acked', content, conversation, epoch, seq)
      },
      (error: unknown) => {
        if (client !== this.client) return
        const code = error instanceof RookeryError ? error.code : String(error)
        Object.assign(wanted, { outcome: 'refused', refusal: code })
        trace.add(this.label, 'refused', content, code)
      },
    )
  }

  /** Asks for a change; one that the application did not live to see answered may have happened or not. */
  change(ask: (client: RookeryClient) => Promise<unknown>): void {
    const { client } = this
    if (client === null) return
    const open = this.#changes
    const request = {}
    open.add(request)
    const done = (): void => void open.delete(request)
    ask(client).then(done, done)
  }

  /** Whether the application still waits for an answer. */
  get isWaiting(): boolean {
    return this.#changes.size > 0 || this.wanted.some(({ outcome }) => outcome === 'open')
  }

  /** Ends the application without a goodbye; its storage stays. */
  kill(): void {
    if (this.client === null) return
    this.#parts.trace.add(this.label, 'is killed')
    this.client = null
    this.#changes = new Set()
    this.#wire?.cut()
  }

  /** The line breaks; the SDK comes back by itself. */
  cut(): void {
    this.#parts.trace.add(this.label, 'loses its line')
    this.#wire?.cut()
  }

  vanish(): void {
    this.#parts.trace.add(this.label, 'vanishes')
    this.#wire?.vanish()
  }

  stall(): void {
    this.#wire?.stall()
  }

  read(): void {
    this.#wire?.read()
  }

  /** The node it is connected to crashed. */
  hostDied(): void {
    if (this.#wire?.host?.life.isOver === true) this.#wire.vanish()
  }
}
