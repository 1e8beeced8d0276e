/**
 * Connection: the line to the server as one thing that outlives its sockets. It dials, greets, keeps the heartbeat, comes
 * back with full jitter (or when the server said), and gives up only when the server says not to come back, or the
 * application does. The states and what leads from one to the next are all in this file.
 */
import { CLOSE_CODES, shouldReconnect } from '../close-codes.js'
import { SUBPROTOCOLS } from '../codec.js'
import { REPLY_ERRORS } from '../errors.js'
import type { Command, ErrorReply, ServerFrame, Welcome } from '../frames.js'
import { Backoff } from './backoff.js'
import { RookeryError, type ErrorCode } from './client-error.js'
import { deferred, type Deferred } from './deferred.js'
import type { ClientState, Events } from './events.js'
import { Heartbeat } from './heartbeat.js'
import { Link, type SocketClass } from './link.js'
import type { Settings } from './options.js'

export interface ConnectionListener {
  /** Commands may go out now. */
  online(welcome: Welcome): void
  offline(): void
  /** Every frame but `welcome`, `pong` and `reconnect`. */
  frame(frame: ServerFrame): void
  /** The heartbeat found that pushes were lost. */
  missing(): void
  closed(code: number, name: ErrorCode): void
}

/** Milliseconds until a welcome must be there; the server's own deadline is shorter. */
const WELCOME_TIMEOUT = 15_000
/** A connection that lived this long proves that coming back at once is fine. */
const STABLE = 5_000
/** Milliseconds the closing handshake may take. */
const GOODBYE = 1_000

export class Connection {
  readonly #settings: Settings
  readonly #events: Events
  readonly #listener: ConnectionListener
  readonly #nextRef: () => number
  readonly #backoff: Backoff
  readonly #heartbeat: Heartbeat
  #state: ClientState = 'idle'
  #link: Link | undefined
  /** What `start` promised. */
  #first: Deferred<undefined> | undefined
  /** Ref of the `connect` that awaits its welcome. */
  #greeting: number | undefined
  #onlineSince = 0
  /** Number of the newest connection: it rises, so that of two that the server sees, it keeps this one. */
  #session = 0
  /** When the server asked to come back, milliseconds since 1970. */
  #comeBackAt: number | undefined
  #cancelTimer: (() => void) | undefined
  #goodbye: Deferred<undefined> | undefined

  constructor(settings: Settings, nextRef: () => number, events: Events, listener: ConnectionListener) {
    this.#settings = settings
    this.#nextRef = nextRef
    this.#events = events
    this.#listener = listener
    this.#backoff = new Backoff(settings.reconnect, settings.random)
    this.#heartbeat = new Heartbeat(settings.clock, {
      ping: () => this.#ping(),
      dead: () => this.#link?.drop(),
      missing: () => {
        listener.missing()
      },
    })
  }

  get state(): ClientState {
    return this.#state
  }

  /** Resolves at the first welcome; rejects when there is no point in coming back. */
  start(): Promise<void> {
    if (this.#first) return this.#first.promise
    this.#first = deferred()
    void this.#open()
    return this.#first.promise
  }

  /** Says goodbye and stays closed. */
  async stop(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'idle') return
    if (this.#goodbye) return this.#goodbye.promise
    if (this.#link) await this.#sayGoodbye(this.#link)
    this.#close(1000, 'closed')
  }

  /** Does nothing when not online. */
  send(command: Command): void {
    if (this.#state === 'online') this.#link?.send(command)
  }

  async #open(): Promise<void> {
    this.#become('connecting')
    const first = this.#first
    const isWanted = (): boolean => this.#state === 'connecting' && this.#first === first
    try {
      const [token, socketClass] = await Promise.all([this.#settings.token(), this.#settings.socketClass()])
      if (isWanted()) this.#dial(socketClass, token)
    } catch (cause) {
      if (!isWanted()) return
      this.#events.emit('error', new RookeryError('token-failed', '', cause))
      this.#comeBack()
    }
  }

  #dial(socketClass: SocketClass, token: string): void {
    const { urls, random, codec, clock, device, client } = this.#settings
    const url = urls[Math.floor(random() * urls.length)] ?? ''
    const session = (this.#session = Math.max(clock.now(), this.#session + 1))
    const link = new Link(new socketClass(url, SUBPROTOCOLS[codec.name]), codec, {
      opened: () => {
        const ref = this.#nextRef()
        this.#greeting = ref
        link.send({ frame: 'connect', ref, token, device, client, session })
      },
      frames: (frames) => {
        for (const frame of frames) if (this.#link === link) this.#frame(frame)
      },
      closed: (code) => {
        if (this.#link === link) this.#lost(code)
      },
    })
    this.#link = link
    this.#timer(clock.now() + WELCOME_TIMEOUT, () => {
      link.drop()
    })
  }

  #frame(frame: ServerFrame): void {
    if (frame.frame === 'welcome') this.#welcome(frame)
    else if (frame.frame === 'pong') this.#heartbeat.pong(frame.ref, frame.pushes)
    else if (frame.frame === 'reconnect') this.#announce(frame.delay)
    else if (frame.frame === 'error' && frame.ref === this.#greeting) this.#refused(frame)
    else {
      if (frame.frame === 'push') this.#heartbeat.pushed()
      this.#listener.frame(frame)
    }
  }

  #welcome(welcome: Welcome): void {
    this.#cancelTimer?.()
    this.#greeting = undefined
    this.#onlineSince = this.#settings.clock.now()
    this.#become('online')
    this.#heartbeat.start(welcome.ping)
    this.#listener.online(welcome)
    this.#first?.resolve(undefined)
  }

  /** The server answered the greeting with an error. */
  #refused({ error, retry }: ErrorReply): void {
    if (!REPLY_ERRORS[error].temporary) this.#close(1000, error)
    else {
      this.#comeBackAt = this.#settings.clock.now() + Math.max(retry, this.#backoff.next())
      this.#link?.drop()
    }
  }

  /** The node is about to close this connection: stay until it does, come back when it said. */
  #announce(delay: number): void {
    this.#comeBackAt = this.#settings.clock.now() + delay
    this.#timer(this.#comeBackAt, () => this.#link?.drop())
  }

  #lost(code: number): void {
    this.#link = undefined
    if (this.#goodbye) this.#goodbye.resolve(undefined)
    else if (!shouldReconnect(code) || !this.#settings.canReconnect) this.#close(code, closeName(code))
    else this.#comeBack()
  }

  #comeBack(): void {
    const now = this.#settings.clock.now()
    const wasOnline = this.#leave()
    if (wasOnline && now - this.#onlineSince >= STABLE) this.#backoff.reset()
    const at = this.#comeBackAt ?? now + this.#backoff.next()
    this.#comeBackAt = undefined
    this.#become('waiting')
    this.#timer(at, () => void this.#open())
  }

  #close(code: number, name: ErrorCode): void {
    this.#leave()
    const link = this.#link
    this.#link = undefined
    link?.end()
    this.#comeBackAt = undefined
    this.#backoff.reset()
    const first = this.#first
    this.#first = undefined
    this.#become('closed')
    first?.promise.catch(() => undefined)
    first?.reject(new RookeryError(name))
    this.#listener.closed(code, name)
  }

  /** Answers whether it was online. */
  #leave(): boolean {
    const wasOnline = this.#state === 'online'
    this.#cancelTimer?.()
    this.#heartbeat.stop()
    if (wasOnline) this.#listener.offline()
    return wasOnline
  }

  async #sayGoodbye(link: Link): Promise<void> {
    const goodbye = deferred<undefined>()
    this.#goodbye = goodbye
    const cancel = this.#settings.clock.after(GOODBYE, () => goodbye.resolve(undefined))
    link.end()
    await goodbye.promise
    cancel()
    this.#goodbye = undefined
  }

  #ping(): number {
    const ref = this.#nextRef()
    this.send({ frame: 'ping', ref })
    return ref
  }

  #become(state: ClientState): void {
    if (this.#state === state) return
    this.#state = state
    this.#events.emit('state', state)
  }

  /** The one timer of the line: a deadline, a wait, or a date with the server. */
  #timer(at: number, task: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#settings.clock.after(Math.max(0, at - this.#settings.clock.now()), task)
  }
}

function closeName(code: number): ErrorCode {
  const names = Object.keys(CLOSE_CODES) as (keyof typeof CLOSE_CODES)[]
  return names.find((name) => CLOSE_CODES[name].code === code) ?? 'connection-lost'
}
