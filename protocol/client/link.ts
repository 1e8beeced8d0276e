/**
 * Link: one WebSocket, from its opening to its end; it does not come back. Commands of one turn leave in one WebSocket
 * message (several when a limit says so); frames come in as lists. The end is reported exactly once.
 */
import type { Codec } from '../codec.js'
import type { Command, ServerFrame } from '../frames.js'
import { LIMITS } from '../limits.js'
import { RookeryError } from './client-error.js'

interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
}

/** What is used of a W3C WebSocket; the browser's, undici's and the one of `ws` are such. */
export interface SocketLike {
  binaryType: string
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void
}

export type SocketClass = new (url: string, protocol: string) => SocketLike

export interface LinkEvents {
  opened(): void
  frames(frames: readonly ServerFrame[]): void
  /** Anything but a close frame of the server counts as 1006, a broken line. */
  closed(code: number): void
}

/** RFC 6455, section 7.4.1: there was no close frame. */
const BROKEN = 1006

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder()

export class Link {
  readonly #socket: SocketLike
  readonly #codec: Codec
  readonly #events: LinkEvents
  readonly #queue: Uint8Array[] = []
  #isOver = false

  constructor(socket: SocketLike, codec: Codec, events: LinkEvents) {
    this.#socket = socket
    this.#codec = codec
    this.#events = events
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      if (!this.#isOver) events.opened()
    })
    socket.addEventListener('message', (event) => {
      this.#receive(event.data)
    })
    socket.addEventListener('error', () => undefined)
    socket.addEventListener('close', (event) => {
      this.#finish(event.code ?? BROKEN)
    })
  }

  /** Throws `too-large` for a command that no server takes. */
  send(command: Command): void {
    if (this.#isOver) return
    const bytes = this.#codec.encodeCommand(command)
    if (bytes.length > LIMITS.inboundBytes) throw new RookeryError('too-large', command.frame)
    this.#queue.push(bytes)
    if (this.#queue.length === 1) {
      queueMicrotask(() => {
        this.#flush()
      })
    }
  }

  /** Sends what waits and says goodbye; the end is reported when the other side has answered. */
  end(): void {
    this.#flush()
    this.#socket.close(1000)
  }

  /** The line is dead: nothing is awaited from it. */
  drop(): void {
    this.#finish(BROKEN)
    this.#socket.close()
  }

  #flush(): void {
    let batch: Uint8Array[] = []
    let bytes = 0
    for (const frame of this.#queue.splice(0)) {
      if (batch.length === LIMITS.inboundFrames || bytes + frame.length > LIMITS.inboundBytes) {
        this.#write(batch, bytes)
        batch = []
        bytes = 0
      }
      batch.push(frame)
      bytes += frame.length
    }
    this.#write(batch, bytes)
  }

  #write(batch: readonly Uint8Array[], bytes: number): void {
    if (this.#isOver || batch.length === 0) return
    const message = join(batch, bytes)
    this.#socket.send(this.#codec.binary ? message : utf8Decoder.decode(message))
  }

  #receive(data: unknown): void {
    if (this.#isOver) return
    const bytes = typeof data === 'string' ? utf8Encoder.encode(data) : new Uint8Array(data as ArrayBuffer)
    const frames = this.#decode(bytes)
    if (frames) this.#events.frames(frames)
    else this.drop()
  }

  /** Undefined when it is not of the subprotocol: such a line is of no use any more. */
  #decode(bytes: Uint8Array): ServerFrame[] | undefined {
    try {
      return this.#codec.decodeServerFrames(bytes)
    } catch {
      return undefined
    }
  }

  #finish(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#queue.length = 0
    this.#events.closed(code)
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts
  if (only && parts.length === 1) return only
  const whole = new Uint8Array(bytes)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
