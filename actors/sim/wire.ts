/**
 * Wire: a WebSocket in memory between a device and a node. What either side sends arrives later, in order, or not at all once the wire
 * is cut; a frozen node reads nothing until it thaws, and a device that stalls lets its messages pile up in the node's socket.
 */
import type { SocketLike } from '../../protocol/client/link.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import type { Clock } from '../clock.js'
import type { Connection, NodePort, SessionPort } from '../transport.js'
import type { Life } from './life.js'

type Listener = Parameters<SocketLike['addEventListener']>[1]
type Told = Parameters<Listener>[0]

/** A node that takes connections. */
export interface Host {
  readonly life: Life
  readonly node: NodePort
}

export interface WireParts {
  readonly clock: Clock
  /** Milliseconds of one way; drawn for each message. */
  readonly delay: () => number
  /** The node that the balancer gives; null when there is none. */
  readonly dial: () => Host | null
  readonly ended: (wire: Wire) => void
}

/** RFC 6455, section 7.4.1: there was no close frame. */
const BROKEN = 1006

export class Wire implements SocketLike {
  binaryType = 'arraybuffer'
  host: Host | null = null
  readonly #parts: WireParts
  readonly #listeners = new Map<string, Listener>()
  #port: SessionPort | null = null
  #upAt = 0
  #downAt = 0
  #stalled: { readonly bytes: number; readonly task: () => void }[] | null = null
  #isOver = false

  constructor(parts: WireParts) {
    this.#parts = parts
    this.#up(() => this.#accept())
  }

  // ── the device's end ────────────────────────────────────────────────────────────────────────────────────────────────

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener)
  }

  send(data: string | Uint8Array): void {
    if (typeof data === 'string') throw new Error('the simulation speaks msgpack')
    this.#up(() => this.host?.life.run(() => this.#isOver || this.#port?.receive(data)))
  }

  close(): void {
    this.cut()
  }

  /** The device reads nothing until `read`. */
  stall(): void {
    this.#stalled ??= []
  }

  read(): void {
    const waiting = this.#stalled ?? []
    this.#stalled = null
    for (const { task } of waiting) if (!this.#isOver) task()
    this.host?.life.run(() => this.#isOver || this.#port?.drained())
  }

  /** The wire breaks; what is under way is lost. */
  cut(): void {
    const port = this.#port
    const life = this.host?.life
    this.#end(BROKEN)
    if (port !== null) this.#parts.clock.after(this.#parts.delay(), () => life?.run(() => port.closed()))
  }

  /** The same, but the node does not learn of it: a device that walked out of reach. */
  vanish(): void {
    this.#end(BROKEN)
  }

  // ── the node's end ──────────────────────────────────────────────────────────────────────────────────────────────────

  #accept(): void {
    const host = this.#parts.dial()
    if (host === null) {
      this.#end(BROKEN)
      return
    }
    this.host = host
    host.life.run(() => {
      if (this.#isOver) return
      this.#port = host.node.open(this.#connection(), msgpackCodec)
      this.#down(0, () => this.#tell({ type: 'open' }))
    })
  }

  #connection(): Connection {
    return {
      remote: 'simulated',
      write: (frames) => {
        const message = Buffer.concat(frames)
        this.#down(message.length, () => this.#tell({ type: 'message', data: message }))
        return true
      },
      buffered: () => this.#stalled?.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0,
      close: (code) => this.#down(0, () => this.#end(code)),
    }
  }

  // ── between them ────────────────────────────────────────────────────────────────────────────────────────────────────

  #end(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.ended(this)
    this.#tell({ type: 'close', code })
  }

  #tell(event: Told): void {
    this.#listeners.get(event.type)?.(event)
  }

  #up(task: () => void): void {
    this.#upAt = this.#carry(this.#upAt, task)
  }

  #down(bytes: number, task: () => void): void {
    if (this.#stalled !== null) this.#stalled.push({ bytes, task })
    else this.#downAt = this.#carry(this.#downAt, task)
  }

  /** In order: a slow message holds up those after it. */
  #carry(last: number, task: () => void): number {
    const now = this.#parts.clock.now()
    const at = Math.max(last, now + this.#parts.delay())
    this.#parts.clock.after(at - now, () => {
      if (!this.#isOver) task()
    })
    return at
  }
}
