/**
 * Raw line: Rookery's raw client on the lean line of the load generators.
 */
import { RawClient, type RawListener, type RawSocket } from '../../protocol/client/wire.js'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import { BINARY, WebSocketLine, type LineReader } from './protocols/web-socket-line.js'

export class RawLine implements RawSocket, LineReader {
  readonly client: RawClient
  readonly #listener: RawListener
  #line: WebSocketLine | undefined

  private constructor(listener: RawListener) {
    this.client = new RawClient(this, listener)
    this.#listener = listener
  }

  /** Resolves when the line is open; nothing was asked of the server yet. Pushes are to be copied: their bytes are those of the next ones too. */
  static async open(url: string, listener: RawListener): Promise<RawLine> {
    const raw = new RawLine(listener)
    raw.#line = await WebSocketLine.open(url, SUBPROTOCOLS.msgpack, raw)
    return raw
  }

  send(message: Uint8Array): void {
    this.#line?.sendNow(BINARY, message)
  }

  close(): void {
    this.#line?.close()
  }

  terminate(): void {
    this.#line?.cut()
  }

  pause(): void {
    this.#line?.pause()
  }

  resume(): void {
    this.#line?.resume()
  }

  frame(_opcode: number, bytes: Buffer, start: number, end: number): void {
    this.client.receive(bytes, start, end)
  }

  ended(_reason: string, code: number): void {
    this.#listener.closed(code)
  }
}
