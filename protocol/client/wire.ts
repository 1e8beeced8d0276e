/**
 * RawClient: a client for load generators, Node only. A push costs it one look at the beginning of the entry and no object;
 * everything else is decoded as usual. It counts what is missing or came twice instead of mending it, and marks,
 * pings and resumes are for its owner to send, so that thousands of them can share one timer.
 */
import { WebSocket } from 'ws'
import { msgpackCodec } from '../codec-msgpack.js'
import { SUBPROTOCOLS } from '../codec.js'
import { FRAME, type Command, type Position, type ServerFrame } from '../frames.js'
import type { ConversationId, DeviceId, MessageId, UserId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { Reader } from '../msgpack.js'
import { RookeryError } from './client-error.js'

/** The beginning of a pushed entry. One object serves all pushes: copy what is to be kept. */
export interface RawPush {
  conversation: ConversationId
  epoch: number
  prev: number
  seq: number
  kind: number
  /** Milliseconds since 1970 by the server's clock. */
  time: number
  sender: UserId
  device: DeviceId
  /** What the WebSocket message held; the content is `bytes[contentStart, contentEnd)`. */
  bytes: Uint8Array
  contentStart: number
  contentEnd: number
}

export interface RawListener {
  push(push: Readonly<RawPush>): void
  /** Every frame but `push`. */
  frame(frame: ServerFrame): void
  closed(code: number): void
}

const current: RawPush = {
  conversation: '',
  epoch: 0,
  prev: 0,
  seq: 0,
  kind: 0,
  time: 0,
  sender: '',
  device: '',
  bytes: new Uint8Array(),
  contentStart: 0,
  contentEnd: 0,
}

interface MutablePlace {
  epoch: number
  seq: number
}

/** Fields of an entry between the named ones. */
const BETWEEN_DEVICE_AND_CONTENT = 2
const AFTER_CONTENT = 3

export class RawClient {
  /** What came so far; `gaps` are pushes that did not follow, `duplicates` those that were there already. */
  readonly counters = { pushes: 0, gaps: 0, duplicates: 0 }
  readonly positions = new Map<ConversationId, MutablePlace>()
  readonly #socket: WebSocket
  readonly #listener: RawListener
  readonly #unmarked = new Set<ConversationId>()
  #queue: Uint8Array[] = []
  #bytes = 0
  #ref = 0
  #user: UserId = ''
  #device: DeviceId = ''

  /** Takes over a socket of the msgpack subprotocol that is open, or about to be. */
  constructor(socket: WebSocket, listener: RawListener) {
    this.#socket = socket
    this.#listener = listener
    socket.on('message', (data: Buffer) => {
      this.#receive(data)
    })
    socket.on('close', (code) => {
      listener.closed(code)
    })
  }

  /** Resolves at the welcome; rejects when the connection ends before. */
  static connect(url: string, token: string, device: DeviceId, listener: RawListener): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, SUBPROTOCOLS.msgpack, { perMessageDeflate: false })
      socket.on('error', reject)
      const client = new RawClient(socket, {
        push: (push) => {
          listener.push(push)
        },
        closed: (code) => {
          reject(new RookeryError('connection-lost', `close code ${String(code)}`))
          listener.closed(code)
        },
        frame: (frame) => {
          if (frame.frame === 'welcome') {
            client.#user = frame.user
            client.#device = frame.device
            resolve(client)
          }
          listener.frame(frame)
        },
      })
      socket.once('open', () => {
        client.command({ frame: 'connect', ref: client.nextRef(), token, device, client: 'rookery-raw', session: 0 })
      })
    })
  }

  nextRef(): number {
    return ++this.#ref
  }

  /** Commands of one turn leave in one WebSocket message; what is to be acknowledged goes along with a `send`. */
  command(command: Command): void {
    if (command.frame === 'send') this.mark()
    const frame = msgpackCodec.encodeCommand(command)
    if (this.#queue.length === LIMITS.inboundFrames || this.#bytes + frame.length > LIMITS.inboundBytes) this.flush()
    if (this.#queue.push(frame) === 1) {
      setImmediate(() => {
        this.flush()
      })
    }
    this.#bytes += frame.length
  }

  /** `body` as made by `encodeBody`, with or without an id. Answers the ref that its reply will carry. */
  send(conversation: ConversationId, body: Uint8Array, after: MessageId | null = null): number {
    const ref = this.nextRef()
    this.command({ frame: 'send', ref, conversation, after, id: null, type: 0, body })
    return ref
  }

  /** Sends what was queued in this turn. */
  flush(): void {
    if (this.#queue.length === 0) return
    this.#socket.send(this.#queue.length === 1 ? (this.#queue[0] ?? '') : Buffer.concat(this.#queue, this.#bytes))
    this.#queue = []
    this.#bytes = 0
  }

  /** Tells the server what arrived since the last time. */
  mark(): void {
    if (this.#unmarked.size === 0) return
    let positions: Position[] = []
    for (const conversation of this.#unmarked) {
      const place = this.positions.get(conversation)
      if (place) positions.push({ conversation, ...place })
      if (positions.length < LIMITS.positions) continue
      this.command({ frame: 'received', positions })
      positions = []
    }
    this.#unmarked.clear()
    if (positions.length > 0) this.command({ frame: 'received', positions })
  }

  close(): void {
    this.flush()
    this.#socket.close(1000)
  }

  /** The line breaks without a word. */
  cut(): void {
    this.#socket.terminate()
  }

  #receive(bytes: Uint8Array): void {
    const reader = new Reader(bytes)
    while (!reader.done) {
      const start = reader.position
      reader.array()
      if (reader.uint() === FRAME.push) this.#push(reader)
      else {
        reader.position = start
        reader.skip()
        for (const frame of msgpackCodec.decodeServerFrames(bytes.subarray(start, reader.position))) {
          this.#listener.frame(frame)
        }
      }
    }
  }

  #push(reader: Reader): void {
    readPush(reader)
    this.counters.pushes++
    const { conversation, epoch, seq, prev } = current
    const place = this.positions.get(conversation)
    if (place === undefined) this.positions.set(conversation, { epoch, seq })
    else if (epoch < place.epoch || (epoch === place.epoch && seq <= place.seq)) this.counters.duplicates++
    else {
      if (epoch > place.epoch || prev > place.seq) this.counters.gaps++
      place.epoch = epoch
      place.seq = seq
    }
    // the server does not wait for an acknowledgement of what this device sent
    if (current.sender !== this.#user || current.device !== this.#device) this.#unmarked.add(conversation)
    this.#listener.push(current)
  }
}

/** Reads epoch, prev and the entry into `current`. */
function readPush(reader: Reader): void {
  current.bytes = reader.bytes
  current.epoch = reader.uint()
  current.prev = reader.uint()
  reader.array()
  reader.uint()
  current.kind = reader.uint()
  current.conversation = reader.str()
  current.seq = reader.uint()
  reader.uint()
  current.time = reader.uint()
  current.sender = reader.str()
  current.device = reader.str()
  for (let i = 0; i < BETWEEN_DEVICE_AND_CONTENT; i++) reader.skip()
  const length = reader.blob()
  current.contentStart = reader.position - length
  current.contentEnd = reader.position
  for (let i = 0; i < AFTER_CONTENT; i++) reader.skip()
}
