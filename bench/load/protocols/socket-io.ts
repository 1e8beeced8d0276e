/**
 * Socket.IO: its protocol 5 on Engine.IO 4 (socket.io-protocol and engine.io-protocol on GitHub), WebSocket from the start, for the peer
 * of peers/socket-io.ts. Messages are events with a text argument, one WebSocket message each; the content travels in base64, since the
 * default parser sends binary arguments as a second message. Acks are asked for when the target's URL has `?acks`.
 */
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { decodeContent, encodeContent } from './base64-content.js'
import { TEXT, WebSocketLine, type LineReader } from './web-socket-line.js'

const ENGINE = { open: 0x30, ping: 0x32, message: 0x34 } as const
const PACKET = { connect: 0x30, disconnect: 0x31, event: 0x32, ack: 0x33, refused: 0x34 } as const
const JOINED = 'j'.charCodeAt(0)
/** Where the name of an event begins in `42["m","…"]`, and where its text. */
const NAME_AT = 4
const TEXT_AT = 8

export const socketIo: LoadProtocol = {
  heartbeatSeconds: 30,
  connect({ urls }, user, at, listener) {
    const url = new URL(urls[at % urls.length] ?? '')
    const acks = url.searchParams.has('acks')
    return new SocketIoClient(user, at, listener, acks).open(`ws://${url.host}/socket.io/?EIO=4&transport=websocket`)
  },
}

class SocketIoClient implements LoadClient, LineReader {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  readonly #acks: boolean
  readonly #joining: (() => void)[] = []
  #line: WebSocketLine | undefined
  #entered: () => void = () => undefined
  #refused: (error: Error) => void = () => undefined

  constructor(user: string, at: number, listener: LoadListener, acks: boolean) {
    this.user = user
    this.#at = at
    this.#listener = listener
    this.#acks = acks
  }

  /** The server opens the engine, then both the namespace. */
  async open(url: string): Promise<this> {
    const entering = new Promise<void>((resolve, reject) => {
      this.#entered = resolve
      this.#refused = reject
    })
    this.#line = await WebSocketLine.open(url, '', this)
    await entering
    return this
  }

  frame(_opcode: number, bytes: Buffer, start: number, end: number): void {
    const type = bytes[start]
    if (type === ENGINE.message) this.#take(bytes, start, end)
    else if (type === ENGINE.ping) this.#send('3')
    else if (type === ENGINE.open) setImmediate(() => this.#send(`40{"user":"${this.user}"}`))
  }

  ended(reason: string): void {
    this.#refused(new Error(reason))
    this.#listener.lost(this.#at, reason)
  }

  join(group: string): Promise<void> {
    this.#send(`42["j","${group}"]`)
    return new Promise((resolve) => this.#joining.push(resolve))
  }

  sendDirect(to: string, number: number, content: Uint8Array): void {
    this.#emit('d', to, number, content)
  }

  sendGroup(group: string, number: number, content: Uint8Array): void {
    this.#emit('g', group, number, content)
  }

  echo(_number: number, content: Uint8Array): void {
    this.#send(`42["e","${encodeContent(content)}"]`)
  }

  /** The server pings. */
  heartbeat(): void {}

  confirm(): void {}

  close(): void {
    this.#line?.close()
  }

  #delivered(content: Uint8Array): void {
    this.#listener.delivered(this.#at, content, 0, content.length)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start + 1]) {
      case PACKET.event:
        if (bytes[start + NAME_AT] === JOINED) this.#joining.shift()?.()
        else this.#delivered(decodeContent(bytes, start + TEXT_AT, end - 2))
        return
      case PACKET.ack:
        this.#listener.acked(this.#at, Number(bytes.toString('latin1', start + 2, bytes.indexOf('[', start))))
        return
      case PACKET.connect:
        this.#entered()
        return
      default:
        this.#refused(new Error(bytes.toString('utf8', start, end)))
    }
  }

  /** The number is also the id of the ack. */
  #emit(event: string, to: string, number: number, content: Uint8Array): void {
    const id = this.#acks ? String(number) : ''
    this.#send(`42${id}["${event}","${to}","${encodeContent(content)}"]`)
  }

  #send(packet: string): void {
    this.#line?.send(TEXT, packet)
  }
}
