/**
 * Web socket line: the client side of a WebSocket (RFC 6455) on a bare TCP socket, for load generators. All lines of a process read into
 * one buffer and frames are handed over where they lie in it, so a delivery makes no object; frames of one turn leave in one write. Masks
 * as it must, with a key per process; answers pings; verifies nothing else.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export const TEXT = 1
export const BINARY = 2

/** Who reads a line. */
export interface LineReader {
  /** The payload of a data frame is `bytes` from `start` to `end`, and only during the call. A fragment is handed over like a whole message. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void
  /** Once, unless `close` or `cut` was called. `code` is 1006 when the server did not close with one (RFC 6455, section 7.1.5). */
  ended(reason: string, code: number): void
}

const CLOSE = 8
const PING = 9
const PONG = 10
const FIRST_BYTES = 512
const ABNORMAL = 1006
const NO_STATUS = 1005
const NOTHING = Buffer.alloc(0)
const MASK = Buffer.from(randomBytes(4).map((byte) => byte | 1))
const KEY = randomBytes(16).toString('base64')
const arriving = Buffer.allocUnsafeSlow(64 * 1024)

let unwritten: WebSocketLine[] = []

function writeAll(): void {
  const lines = unwritten
  unwritten = []
  for (const line of lines) line.flush()
}

export class WebSocketLine {
  readonly #socket: Socket
  readonly #reader: LineReader
  readonly #opened: () => void
  #open = false
  #closing = false
  #reason = 'the connection ended'
  #code = ABNORMAL
  /** Bytes of a frame whose end has not arrived. */
  #rest = NOTHING
  #out = NOTHING
  #used = 0

  private constructor(url: URL, reader: LineReader, opened: () => void) {
    this.#reader = reader
    this.#opened = opened
    const onread = { buffer: arriving, callback: (count: number) => this.#read(count) }
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true, onread })
    this.#socket.on('error', (error) => (this.#reason = error.message))
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      if (!this.#closing) reader.ended(this.#reason, this.#code)
    })
  }

  /** Resolves when the server agreed; `reader` hears of everything after that. */
  static open(url: string, subprotocol: string, reader: LineReader): Promise<WebSocketLine> {
    return new Promise((resolve, reject) => {
      const place = new URL(url)
      const ended = (reason: string, code: number) => {
        reject(new Error(`${url}: ${reason}`))
        reader.ended(reason, code)
      }
      const frame: LineReader['frame'] = (opcode, bytes, start, end) => reader.frame(opcode, bytes, start, end)
      const line = new WebSocketLine(place, { frame, ended }, () => resolve(line))
      line.#socket.write(handshake(place, subprotocol), 'latin1')
    })
  }

  /** One frame: `head` and `tail` in Latin-1 around the content. It leaves at the end of this turn. */
  send(opcode: number, head: string, content: Uint8Array = NOTHING, tail = ''): void {
    if (this.#used === 0 && unwritten.push(this) === 1) setImmediate(writeAll)
    const length = head.length + content.length + tail.length
    let at = this.#begin(opcode, length)
    const start = at
    at += this.#out.write(head, at, 'latin1')
    this.#out.set(content, at)
    this.#out.write(tail, at + content.length, 'latin1')
    mask(this.#out, start, length)
  }

  /** One frame that leaves now, for those who gather a turn's content themselves. */
  sendNow(opcode: number, content: Uint8Array): void {
    const start = this.#begin(opcode, content.length)
    this.#out.set(content, start)
    mask(this.#out, start, content.length)
    this.flush()
  }

  flush(): void {
    if (this.#used === 0) return
    if (this.#socket.writable) this.#socket.write(this.#out.subarray(0, this.#used))
    this.#out = NOTHING
    this.#used = 0
  }

  close(): void {
    this.#closing = true
    this.#leave()
  }

  /** The line breaks without a word. */
  cut(): void {
    this.#closing = true
    this.#socket.destroy()
  }

  /** Stops reading: what comes stays in the kernel's buffers, then with the server. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #leave(): void {
    this.send(CLOSE, '\x03\xe8')
    this.flush()
    this.#socket.end()
  }

  /** Makes room, writes the header of a frame, and answers where its payload goes. */
  #begin(opcode: number, length: number): number {
    const needed = this.#used + 14 + length
    if (needed > this.#out.length) this.#grow(needed)
    const out = this.#out
    let at = this.#used
    out[at++] = 0x80 | opcode
    if (length < 126) out[at++] = 0x80 | length
    else if (length < 65_536) {
      out[at++] = 0x80 | 126
      at = out.writeUInt16BE(length, at)
    } else {
      out[at++] = 0x80 | 127
      at = out.writeUInt32BE(length, out.writeUInt32BE(0, at))
    }
    at += MASK.copy(out, at)
    this.#used = at + length
    return at
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, 2 * this.#out.length, needed))
    this.#out.copy(larger, 0, 0, this.#used)
    this.#out = larger
  }

  #read(count: number): boolean {
    let bytes = arriving
    let end = count
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, arriving.subarray(0, count)])
      end = bytes.length
    }
    let at = 0
    for (let next = this.#take(bytes, 0, end); next > at; next = this.#take(bytes, at, end)) at = next
    this.#rest = at === end ? NOTHING : Buffer.from(bytes.subarray(at, end))
    return true
  }

  /** Takes what begins at `at` and answers where the next begins, or `at` when it is not whole. */
  #take(bytes: Buffer, at: number, end: number): number {
    return this.#open ? this.#takeFrame(bytes, at, end) : this.#takeAnswer(bytes, at, end)
  }

  #takeAnswer(bytes: Buffer, at: number, end: number): number {
    const text = bytes.toString('latin1', at, end)
    const length = text.indexOf('\r\n\r\n')
    if (length < 0) return at
    if (!text.startsWith('HTTP/1.1 101')) {
      this.#reason = text.slice(0, text.indexOf('\r\n'))
      this.#socket.destroy()
      return end
    }
    this.#open = true
    this.#opened()
    return at + length + 4
  }

  #takeFrame(bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return at
    let length = (bytes[at + 1] ?? 0) & 0x7f
    let start = at + 2
    if (length === 126) {
      if (end < start + 2) return at
      length = bytes.readUInt16BE(start)
      start += 2
    } else if (length === 127) {
      if (end < start + 8) return at
      length = bytes.readUInt32BE(start + 4)
      start += 8
    }
    if (end < start + length) return at
    this.#handOver((bytes[at] ?? 0) & 0x0f, bytes, start, start + length)
    return start + length
  }

  #handOver(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode < CLOSE) this.#reader.frame(opcode, bytes, start, end)
    else if (opcode === PING) this.send(PONG, '', bytes.subarray(start, end))
    else if (opcode === CLOSE) {
      this.#code = end - start < 2 ? NO_STATUS : bytes.readUInt16BE(start)
      this.#reason = closeReason(bytes, start, end)
      this.#leave()
    }
  }
}

function handshake({ host, pathname, search }: URL, subprotocol: string): string {
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
  ]
  if (subprotocol !== '') lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function mask(bytes: Buffer, start: number, length: number): void {
  for (let at = 0; at < length; at++) bytes[start + at] = (bytes[start + at] ?? 0) ^ (MASK[at & 3] ?? 0)
}

function closeReason(bytes: Buffer, start: number, end: number): string {
  if (end - start < 2) return 'closed without a code'
  return `closed with ${bytes.readUInt16BE(start)} ${bytes.toString('utf8', start + 2, end)}`.trimEnd()
}
