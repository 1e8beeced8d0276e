/**
 * Line: a WebSocket client (RFC 6455) on a bare socket, as lean as load generation needs it: a hundred thousand frames a second
 * on one core. It masks with a key of zeros, which the RFC's reader cannot tell from any other key and which costs nothing.
 * Messages arrive whole; what was sent in one turn leaves in one write.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export interface LineEvents {
  message(data: Uint8Array): void
  /** With the close code, 1006 when there was none. */
  closed(code: number): void
}

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const FINAL = 0x80
const MASKED = 0x80
const HANDSHAKE_END = '\r\n\r\n'
const NO_CODE = 1006
const DIAL_MS = 30_000

export class Line {
  readonly #socket: Socket
  readonly #events: LineEvents
  #rest: Buffer = Buffer.alloc(0)
  #fragments: Buffer[] = []
  #pending: Buffer[] = []
  #code = NO_CODE

  private constructor(socket: Socket, events: LineEvents) {
    this.#socket = socket
    this.#events = events
  }

  /** Resolves when the server has switched protocols; rejects with its first line when it refuses. */
  static dial(url: string, subprotocol: string, events: LineEvents): Promise<Line> {
    const { hostname, port, pathname, host } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port || 80), noDelay: true })
    const line = new Line(socket, events)
    const key = randomBytes(16).toString('base64')
    const headers = [
      `GET ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${subprotocol}`,
    ]
    socket.write(headers.join('\r\n') + HANDSHAKE_END)
    return line.#handshake()
  }

  /** One binary message. */
  send(data: Uint8Array): void {
    this.#pending.push(frame(OPCODE.binary, data))
    if (this.#pending.length === 1) queueMicrotask(() => this.#flush())
  }

  end(): void {
    this.#flush()
    this.#socket.end(frame(OPCODE.close, new Uint8Array()))
  }

  #handshake(): Promise<Line> {
    return new Promise((resolve, reject) => {
      this.#socket.setTimeout(DIAL_MS, () => this.#socket.destroy(new Error('no answer to the upgrade')))
      this.#socket.once('error', reject)
      this.#socket.once('close', () => reject(new Error('closed before the upgrade')))
      const take = (data: Buffer) => {
        this.#rest = Buffer.concat([this.#rest, data])
        const end = this.#rest.indexOf(HANDSHAKE_END)
        if (end < 0) return
        this.#socket.off('data', take)
        const status = this.#rest.toString('latin1', 0, this.#rest.indexOf('\r\n'))
        if (!status.includes(' 101 ')) this.#socket.destroy(new Error(`upgrade refused: ${status}`))
        else resolve(this.#open(this.#rest.subarray(end + HANDSHAKE_END.length)))
      }
      this.#socket.on('data', take)
    })
  }

  #open(first: Buffer): this {
    this.#rest = Buffer.alloc(0)
    this.#socket.setTimeout(0)
    this.#socket.removeAllListeners('error').on('error', () => undefined)
    this.#socket.removeAllListeners('close').once('close', () => this.#events.closed(this.#code))
    this.#socket.on('data', (data: Buffer) => this.#take(data))
    if (first.length > 0) setImmediate(() => this.#take(first))
    return this
  }

  #flush(): void {
    const [only] = this.#pending
    if (only !== undefined) this.#socket.write(this.#pending.length === 1 ? only : Buffer.concat(this.#pending))
    this.#pending = []
  }

  #take(data: Buffer): void {
    let bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    for (let extent = extentOf(bytes); extent !== undefined; extent = extentOf(bytes)) {
      this.#frame(bytes[0] ?? 0, bytes.subarray(extent.start, extent.end))
      bytes = bytes.subarray(extent.end)
    }
    this.#rest = bytes
  }

  #frame(first: number, payload: Buffer): void {
    const opcode = first & 0x0f
    if (opcode === OPCODE.ping) this.#socket.write(frame(OPCODE.pong, payload))
    else if (opcode === OPCODE.close) this.#code = payload.length >= 2 ? payload.readUInt16BE() : NO_CODE
    else if (opcode !== OPCODE.pong) this.#data((first & FINAL) !== 0, payload)
  }

  #data(isFinal: boolean, payload: Buffer): void {
    if (isFinal && this.#fragments.length === 0) {
      this.#events.message(payload)
      return
    }
    this.#fragments.push(Buffer.from(payload))
    if (!isFinal) return
    const whole = Buffer.concat(this.#fragments)
    this.#fragments = []
    this.#events.message(whole)
  }
}

/** Where the payload of the first frame is; undefined while it is not complete. Servers do not mask. */
function extentOf(bytes: Buffer): { start: number; end: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  return bytes.length < start + length ? undefined : { start, end: start + length }
}

/** A final frame of a client, masked with zeros. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const extra = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8
  const bytes = Buffer.alloc(6 + extra + length)
  bytes[0] = FINAL | opcode
  bytes[1] = MASKED | (extra === 0 ? length : extra === 2 ? 126 : 127)
  if (extra === 2) bytes.writeUInt16BE(length, 2)
  if (extra === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  bytes.set(payload, 6 + extra)
  return bytes
}
