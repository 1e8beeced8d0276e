/**
 * Gateway connection: one WebSocket between uWebSockets.js and the session that answers it. Keeps the promises of
 * `Connection` (one write is one message, the buffer is bounded) and of `SessionPort` (nothing after `closed`), and keeps an
 * exception of the session from reaching the event loop. One small object per connection, no timer.
 */
import type { WebSocket } from 'uWebSockets.js'
import type { Counters } from '../actors/counters.js'
import type { Logger } from '../actors/logger.js'
import type { Connection, NodePort, SessionPort } from '../actors/transport.js'
import { CLOSE_CODES, type CloseName } from '../protocol/close-codes.js'
import type { Codec } from '../protocol/codec.js'
import { LIMITS } from '../protocol/limits.js'
import type { JoinedFrames } from './joined-frames.js'

/** uWebSockets.js copies these properties onto the socket's own object. */
export interface SocketData {
  readonly connection: GatewayConnection
}

/** What all connections of a gateway share. */
export interface GatewayContext {
  readonly node: NodePort
  readonly counters: Counters
  readonly log: Logger
  readonly joined: JoinedFrames
}

/** A write that would bring the socket's buffer above this is refused, unless the buffer is empty. */
export const OUTBOUND_BYTES = 1024 * 1024

const SENT_DROPPED = 2
const SENT_BUFFERED = 0

export class GatewayConnection implements Connection {
  readonly remote: string
  readonly #context: GatewayContext
  readonly #codec: Codec
  #socket: WebSocket<SocketData> | null = null
  #session: SessionPort | null = null
  /** Bytes the socket held when last looked at; counted in `outboxBytes`. */
  #held = 0

  constructor(remote: string, codec: Codec, context: GatewayContext) {
    this.remote = remote
    this.#codec = codec
    this.#context = context
  }

  // ── for the session ──────────────────────────────────────────────────────────────────────────────────────────────

  write(frames: readonly Uint8Array[]): boolean {
    if (this.#socket === null) return false
    const [first] = frames
    if (first === undefined) return true
    return this.#send(this.#socket, frames.length === 1 ? first : this.#context.joined.message(frames))
  }

  /** Asks uWebSockets.js only while a write did not leave at once: then the buffer is not empty. */
  buffered(): number {
    return this.#held === 0 ? 0 : this.#look()
  }

  /** The session's `closed` is called before this returns. */
  close(code: number, reason: string): void {
    this.#socket?.end(code, reason)
  }

  // ── for the gateway ──────────────────────────────────────────────────────────────────────────────────────────────

  opened(socket: WebSocket<SocketData>): void {
    this.#socket = socket
    try {
      const session = this.#context.node.open(this, this.#codec)
      if (this.#isOpen()) this.#session = session
      else session.closed()
    } catch (error) {
      this.#failed(error)
    }
  }

  received(data: ArrayBuffer, binary: boolean): void {
    this.#context.counters.bytesIn += data.byteLength
    if (binary !== this.#codec.binary) return this.#refuse('bad-frame')
    if (data.byteLength > LIMITS.inboundBytes) return this.#refuse('frame-too-large')
    try {
      this.#session?.receive(new Uint8Array(data))
    } catch (error) {
      this.#failed(error)
    }
  }

  alive(): void {
    try {
      this.#session?.alive()
    } catch (error) {
      this.#failed(error)
    }
  }

  drained(): void {
    if (this.#look() > 0) return
    try {
      this.#session?.drained()
    } catch (error) {
      this.#failed(error)
    }
  }

  closed(): void {
    const session = this.#session
    this.#socket = null
    this.#session = null
    this.#hold(0)
    try {
      session?.closed()
    } catch (error) {
      this.#failed(error)
    }
  }

  #isOpen(): boolean {
    return this.#socket !== null
  }

  #send(socket: WebSocket<SocketData>, message: Uint8Array): boolean {
    if (this.#held > 0 && this.#look() > 0 && this.#held + message.byteLength > OUTBOUND_BYTES) return false
    const outcome = socket.send(message, this.#codec.binary)
    if (outcome === SENT_DROPPED) this.#failed(new Error('uWebSockets.js dropped a message'))
    if (outcome === SENT_BUFFERED) this.#look()
    this.#context.counters.bytesOut += message.byteLength
    return true
  }

  /** Asks the socket how much it holds. */
  #look(): number {
    return this.#hold(this.#socket?.getBufferedAmount() ?? 0)
  }

  #hold(bytes: number): number {
    this.#context.counters.outboxBytes += bytes - this.#held
    this.#held = bytes
    return bytes
  }

  #refuse(name: 'bad-frame' | 'frame-too-large'): void {
    this.#context.counters.badFrames++
    this.#closeAs(name)
  }

  #failed(error: unknown): void {
    this.#context.log.error({ err: error, remote: this.remote }, 'a session failed in its socket handler')
    this.#closeAs('internal')
  }

  #closeAs(name: CloseName): void {
    this.close(CLOSE_CODES[name].code, name)
  }
}
