/**
 * NATS: its client protocol (docs.nats.io, reference/nats-protocol) over nats-server's own WebSocket listener, a stream of text and
 * content in which frames have no meaning. A subject for each user and each group; PING and PONG tell when a subscription holds. Core
 * NATS stores and acks nothing.
 */
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { BINARY, WebSocketLine, type LineReader } from './web-socket-line.js'

const CONNECT = 'CONNECT {"verbose":false,"pedantic":false,"echo":true,"headers":false,"protocol":1,"lang":"load"}\r\n'
const NOTHING = Buffer.alloc(0)
const LETTER = { M: 0x4d, P: 0x50, I: 0x49, O: 0x4f, minus: 0x2d, space: 0x20, zero: 0x30 } as const
const LINE_END = '\r\n'

export const nats: LoadProtocol = {
  heartbeatSeconds: 30,
  async connect({ urls }, user, at, listener) {
    const client = new NatsClient(user, at, listener)
    await client.open(urls[at % urls.length] ?? '')
    return client
  },
}

class NatsClient implements LoadClient, LineReader {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  readonly #pinged: (() => void)[] = []
  #line: WebSocketLine | undefined
  #subscriptions = 0
  /** What came of an operation whose end has not. */
  #rest = NOTHING

  constructor(user: string, at: number, listener: LoadListener) {
    this.user = user
    this.#at = at
    this.#listener = listener
  }

  async open(url: string): Promise<void> {
    this.#line = await WebSocketLine.open(url, '', this)
    this.#write(CONNECT)
    await this.#subscribe(`u.${this.user}`)
  }

  frame(_opcode: number, bytes: Buffer, start: number, end: number): void {
    const kept = this.#rest.length > 0
    const stream = kept ? Buffer.concat([this.#rest, bytes.subarray(start, end)]) : bytes
    const last = kept ? stream.length : end
    let at = kept ? 0 : start
    for (let next = this.#take(stream, at, last); next > at; next = this.#take(stream, at, last)) at = next
    this.#rest = at === last ? NOTHING : Buffer.from(stream.subarray(at, last))
  }

  ended(reason: string): void {
    this.#listener.lost(this.#at, reason)
  }

  join(group: string): Promise<void> {
    return this.#subscribe(`g.${group}`)
  }

  sendDirect(to: string, _number: number, content: Uint8Array): void {
    this.#write(`PUB u.${to} ${content.length}${LINE_END}`, content, LINE_END)
  }

  sendGroup(group: string, _number: number, content: Uint8Array): void {
    this.#write(`PUB g.${group} ${content.length}${LINE_END}`, content, LINE_END)
  }

  echo(number: number, content: Uint8Array): void {
    this.sendDirect(this.user, number, content)
  }

  /** The server pings. */
  heartbeat(): void {}

  confirm(): void {}

  close(): void {
    this.#line?.close()
  }

  #subscribe(subject: string): Promise<void> {
    this.#write(`SUB ${subject} ${++this.#subscriptions}\r\nPING\r\n`)
    return new Promise((resolve) => this.#pinged.push(resolve))
  }

  /** Takes the operation at `at` and answers where the next begins, or `at` when this one is not whole. */
  #take(bytes: Buffer, at: number, end: number): number {
    const next = bytes.indexOf(LINE_END, at, 'latin1') + LINE_END.length
    if (next < LINE_END.length || next > end) return at
    switch (bytes[at]) {
      case LETTER.M:
        return this.#takeMessage(bytes, at, next, end)
      case LETTER.P:
        if (bytes[at + 1] === LETTER.I) this.#write('PONG\r\n')
        else if (bytes[at + 1] === LETTER.O) this.#pinged.shift()?.()
        return next
      case LETTER.minus:
        this.#listener.failed(this.#at, bytes.toString('utf8', at, next - LINE_END.length))
        return next
      default:
        return next
    }
  }

  /** `MSG subject sid size`, then the content and another line end. */
  #takeMessage(bytes: Buffer, at: number, start: number, end: number): number {
    let size = 0
    for (let place = 1, digit = start - LINE_END.length - 1; bytes[digit] !== LETTER.space; digit--, place *= 10) {
      size += place * ((bytes[digit] ?? 0) - LETTER.zero)
    }
    const next = start + size + LINE_END.length
    if (next > end) return at
    this.#listener.delivered(this.#at, bytes, start, start + size)
    return next
  }

  #write(head: string, content?: Uint8Array, tail?: string): void {
    this.#line?.send(BINARY, head, content, tail)
  }
}
