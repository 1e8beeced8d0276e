/**
 * Process raw: a client without manners, for what the SDK never sends: any bytes, in either subprotocol, and a record of what
 * came back.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { SUBPROTOCOLS, type CodecName } from '../../protocol/codec.js'
import { jsonCodec } from '../../protocol/codec-json.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import type { ErrorReply, ServerFrame } from '../../protocol/frames.js'
import { issueToken } from '../token.js'
import { SECRET } from './process-person.js'
import { until, within } from './process-until.js'

export class RawClient {
  readonly socket: WebSocket
  frames: ServerFrame[] = []
  /** The close code, once it is closed. */
  closed: number | null = null
  readonly #codec

  private constructor(url: string, codec: CodecName) {
    this.#codec = codec === 'json' ? jsonCodec : msgpackCodec
    this.socket = new WebSocket(url, SUBPROTOCOLS[codec])
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => this.frames.push(...this.#codec.decodeServerFrames(data)))
    this.socket.on('close', (code) => (this.closed = code))
  }

  /** Connected, and nothing said. */
  static async open(url: string, codec: CodecName = 'json'): Promise<RawClient> {
    const client = new RawClient(url, codec)
    await within('the WebSocket opens', once(client.socket, 'open'))
    return client
  }

  /** Connected as a user. */
  static async as(user: string, url: string, codec: CodecName = 'json', device = 'raw'): Promise<RawClient> {
    const client = await RawClient.open(url, codec)
    const token = await issueToken({ secret: SECRET, user, seconds: 600 })
    client.send(client.#codec.encodeCommand({ frame: 'connect', ref: 1, token, device, client: '', session: 0 }))
    await client.reply(1)
    return client
  }

  /** Bytes as they are, in the kind of message the subprotocol has. */
  send(bytes: Uint8Array | string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes, { binary: this.#codec.binary })
  }

  json(frame: object): void {
    this.send(JSON.stringify(frame))
  }

  reply(ref: number): Promise<ServerFrame> {
    return until(`a reply to ${String(ref)}`, () => this.frames.find((frame) => 'ref' in frame && frame.ref === ref))
  }

  error(ref = 0): Promise<ErrorReply> {
    return until(`an error for ${String(ref)}`, () =>
      this.frames.find((frame): frame is ErrorReply => frame.frame === 'error' && frame.ref === ref),
    )
  }

  /** Resolves with the close code. */
  async end(): Promise<number> {
    await until('the server closes the connection', () => this.closed !== null)
    return this.closed ?? 0
  }

  /** Resolves when everything sent was handled, or the connection is closed. */
  async handled(ref: number): Promise<void> {
    this.send(this.#codec.encodeCommand({ frame: 'ping', ref }))
    await until('what was sent is handled', () => {
      const done = this.frames.some((frame) => frame.frame === 'pong' && frame.ref === ref)
      return done || this.closed !== null
    })
  }

  stop(): void {
    this.socket.terminate()
  }
}
