/**
 * Plain: the least that carries messages between users over a WebSocket, spoken by the peers that are only a WebSocket library
 * (peers/plain-frame.ts has the server's side). To the server: one byte of kind, one of length, a name, the content. From it: the bare
 * content in a binary message, and a text message when a group was joined. Nothing is acked.
 */
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { BINARY, TEXT, WebSocketLine, type LineReader } from './web-socket-line.js'

const DIRECT = '\x01'
const GROUP = '\x02'
const JOIN = '\x03'
const ECHO = '\x04\x00'

export const plain: LoadProtocol = {
  heartbeatSeconds: 30,
  async connect({ urls }, user, at, listener) {
    const client = new PlainClient(user, at, listener)
    await client.open(`${urls[at % urls.length] ?? ''}?user=${user}`)
    return client
  },
}

class PlainClient implements LoadClient, LineReader {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  readonly #joining: (() => void)[] = []
  #line: WebSocketLine | undefined

  constructor(user: string, at: number, listener: LoadListener) {
    this.user = user
    this.#at = at
    this.#listener = listener
  }

  async open(url: string): Promise<void> {
    this.#line = await WebSocketLine.open(url, '', this)
  }

  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === TEXT) this.#joining.shift()?.()
    else this.#listener.delivered(this.#at, bytes, start, end)
  }

  ended(reason: string): void {
    this.#listener.lost(this.#at, reason)
  }

  join(group: string): Promise<void> {
    this.#send(JOIN, group)
    return new Promise((resolve) => this.#joining.push(resolve))
  }

  sendDirect(to: string, _number: number, content: Uint8Array): void {
    this.#send(DIRECT, to, content)
  }

  sendGroup(group: string, _number: number, content: Uint8Array): void {
    this.#send(GROUP, group, content)
  }

  echo(_number: number, content: Uint8Array): void {
    this.#line?.send(BINARY, ECHO, content)
  }

  /** The server pings, and the line answers. */
  heartbeat(): void {}

  confirm(): void {}

  close(): void {
    this.#line?.close()
  }

  #send(kind: string, name: string, content?: Uint8Array): void {
    this.#line?.send(BINARY, kind + String.fromCharCode(name.length) + name, content)
  }
}
