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
  /** The content is `bytes[contentStart, contentEnd)`, during the call only: the socket may read the next message into them. */
  bytes: Uint8Array
  contentStart: number
  contentEnd: number
}

/** What a RawClient writes to: a WebSocket of the msgpack subprotocol, as `ws` has it or leaner. */
export interface RawSocket {
  /** One WebSocket message. */
  send(message: Uint8Array): void
  close(code: number): void
  /** Without a word. */
  terminate(): void
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

/** Clients with commands of this turn. */
let unflushed: RawClient[] = []

function flushAll(): void {
  const clients = unflushed
  unflushed = []
  for (const client of clients) client.flush()
}

/** Fields of an entry between the named ones. */
const BETWEEN_DEVICE_AND_CONTENT = 2
const AFTER_CONTENT = 3

export class RawClient {
  /** What came so far; `gaps` are pushes that did not follow, `duplicates` those that were there already. */
  readonly counters = { pushes: 0, gaps: 0, duplicates: 0 }
  readonly positions = new Map<ConversationId, MutablePlace>()
  readonly #socket: RawSocket
  readonly #listener: RawListener
  readonly #unmarked = new Set<ConversationId>()
  #queue: Uint8Array[] = []
  #bytes = 0
  #ref = 0
  #user: UserId = ''
  #device: DeviceId = ''
  /** Of the last push: the next one is nearly always of the same conversation, and often by the same sender. */
  #conversation: ConversationId = ''
  #place: MutablePlace = { epoch: 0, seq: 0 }
  #sender: UserId = ''
  #isMarked = false

  /** For a socket whose messages the caller hands to `receive`. */
  constructor(socket: RawSocket, listener: RawListener) {
    this.#socket = socket
    this.#listener = listener
  }

  /** Takes over a socket that is open, or about to be. */
  static over(socket: WebSocket, listener: RawListener): RawClient {
    const client = new RawClient(socket, listener)
    socket.on('message', (data: Buffer) => {
      client.receive(data)
    })
    socket.on('close', (code) => {
      listener.closed(code)
    })
    return client
  }

  /** Resolves at the welcome; rejects when the connection ends before. */
  static connect(url: string, token: string, device: DeviceId, listener: RawListener): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, SUBPROTOCOLS.msgpack, { perMessageDeflate: false })
      socket.on('error', reject)
      const client = RawClient.over(socket, {
        push: (push) => {
          listener.push(push)
        },
        closed: (code) => {
          reject(new RookeryError('connection-lost', `close code ${String(code)}`))
          listener.closed(code)
        },
        frame: (frame) => {
          if (frame.frame === 'welcome') resolve(client)
          listener.frame(frame)
        },
      })
      socket.once('open', () => {
        client.connect(token, device)
      })
    })
  }

  /** Asks for a session; the answer is a `welcome`. */
  connect(token: string, device: DeviceId): void {
    this.command({ frame: 'connect', ref: this.nextRef(), token, device, client: 'rookery-raw', session: 0 })
  }

  nextRef(): number {
    return ++this.#ref
  }

  /** Commands of one turn leave in one WebSocket message; what is to be acknowledged goes along with a `send`. */
  command(command: Command): void {
    if (command.frame === 'send') this.mark()
    const frame = msgpackCodec.encodeCommand(command)
    if (this.#queue.length === LIMITS.inboundFrames || this.#bytes + frame.length > LIMITS.inboundBytes) this.flush()
    if (this.#queue.push(frame) === 1 && unflushed.push(this) === 1) setImmediate(flushAll)
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
    const only = this.#queue.length === 1 ? this.#queue[0] : undefined
    this.#socket.send(only ?? Buffer.concat(this.#queue, this.#bytes))
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
    this.#isMarked = false
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

  /** A WebSocket message: `bytes` from `start` to `end`. */
  receive(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const reader = new Reader(bytes, start, end)
    while (!reader.done) {
      const at = reader.position
      reader.array()
      if (reader.uint() === FRAME.push) this.#push(reader)
      else {
        reader.position = at
        reader.skip()
        for (const frame of msgpackCodec.decodeServerFrames(bytes.subarray(at, reader.position))) this.#frame(frame)
      }
    }
  }

  #frame(frame: ServerFrame): void {
    if (frame.frame === 'welcome') {
      this.#user = frame.user
      this.#device = frame.device
    }
    this.#listener.frame(frame)
  }

  #push(reader: Reader): void {
    readPush(reader, this.#conversation, this.#sender, this.#device)
    this.counters.pushes++
    const { conversation, epoch, seq, prev } = current
    if (conversation !== this.#conversation) this.#turnTo(conversation)
    this.#sender = current.sender
    const place = this.#place
    if (epoch < place.epoch || (epoch === place.epoch && seq <= place.seq)) this.counters.duplicates++
    else {
      if (place.epoch > 0 && (epoch > place.epoch || prev > place.seq)) this.counters.gaps++
      place.epoch = epoch
      place.seq = seq
    }
    // the server does not wait for an acknowledgement of what this device sent
    const isOwn = current.sender === this.#user && current.device === this.#device
    if (!isOwn && !this.#isMarked) {
      this.#isMarked = true
      this.#unmarked.add(conversation)
    }
    this.#listener.push(current)
  }

  #turnTo(conversation: ConversationId): void {
    const place = this.positions.get(conversation) ?? { epoch: 0, seq: 0 }
    this.positions.set(conversation, place)
    this.#conversation = conversation
    this.#place = place
    this.#isMarked = false
  }
}

/** Reads epoch, prev and the entry into `current`, with the texts that are likely to come. */
function readPush(reader: Reader, conversation: ConversationId, sender: UserId, device: DeviceId): void {
  current.bytes = reader.bytes
  current.epoch = reader.uint()
  current.prev = reader.uint()
  reader.array()
  reader.uint()
  current.kind = reader.uint()
  current.conversation = text(reader, conversation)
  current.seq = reader.uint()
  reader.uint()
  current.time = reader.uint()
  current.sender = text(reader, sender)
  current.device = text(reader, device)
  for (let i = 0; i < BETWEEN_DEVICE_AND_CONTENT; i++) reader.skip()
  const length = reader.blob()
  current.contentStart = reader.position - length
  current.contentEnd = reader.position
  for (let i = 0; i < AFTER_CONTENT; i++) reader.skip()
}

/** A str; `expected` itself when that is what it says, which makes no new text. */
function text(reader: Reader, expected: string): string {
  const { bytes, position } = reader
  const { length } = expected
  const tag = bytes[position] ?? 0
  const start = length < 32 ? position + 1 : position + 2
  const isSameLength = length < 32 ? tag === (0xa0 | length) : tag === 0xd9 && bytes[position + 1] === length
  if (!isSameLength || start + length > reader.end) return reader.str()
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected.charCodeAt(i)) return reader.str()
  reader.position = start + length
  return expected
}
