/**
 * Links: one per peer node. What is posted to a peer in one turn leaves as one bus message, numbered; a receiver that misses a number
 * knows that something was lost. Heartbeats carry the last number to each peer, so that also a lost last message shows. Numbers go on
 * when the node begins a new incarnation: its peers, who begin to count anew, take that for a loss, as the last ones of before may be.
 */
import { Reader, Writer } from '../protocol/msgpack.js'
import type { Bus, NodeId } from './bus.js'
import type { Counters } from './counters.js'
import { decodeEnvelope, encodeEnvelope } from './envelope.js'
import type { Envelope } from './envelope.js'
import { cut, EnvelopePieces } from './envelope-pieces.js'
import type { Logger } from './logger.js'

const LINK_VERSION = 1
/** Bytes of envelopes in one bus message; NATS takes 1 MiB. */
const MESSAGE_BYTES = 512 * 1024

export interface LinksParts {
  readonly bus: Bus
  readonly node: NodeId
  readonly counters: Counters
  readonly log: Logger
  incarnation(): number
  /** Asks for a turn, at whose end `flush` is called. */
  wake(): void
  receive(from: NodeId, incarnation: number, envelope: Envelope): void
  /** Bus messages from this peer were lost. */
  gap(from: NodeId): void
}

interface Outgoing {
  number: number
  waiting: Uint8Array[]
  bytes: number
}

interface Incoming {
  incarnation: number
  number: number
  readonly pieces: EnvelopePieces
}

export class Links {
  readonly #parts: LinksParts
  readonly #out = new Map<NodeId, Outgoing>()
  readonly #in = new Map<NodeId, Incoming>()
  readonly #waiting = new Set<NodeId>()
  readonly #writer = new Writer()

  constructor(parts: LinksParts) {
    this.#parts = parts
  }

  open(): Promise<void> {
    return this.#parts.bus.open(this.#parts.node, (bytes) => this.#receive(bytes))
  }

  /** Sends at the end of the turn. */
  post(to: NodeId, envelope: Envelope): void {
    this.postEncoded(to, encodeEnvelope(envelope))
  }

  /** The same for an envelope that goes to several peers and is encoded once. */
  postEncoded(to: NodeId, envelope: Uint8Array): void {
    if (envelope.length <= MESSAGE_BYTES) this.#queue(to, envelope)
    else for (const piece of cut(envelope, MESSAGE_BYTES)) this.#queue(to, piece)
  }

  #queue(to: NodeId, envelope: Uint8Array): void {
    let out = this.#out.get(to)
    if (out === undefined) this.#out.set(to, (out = { number: 0, waiting: [], bytes: 0 }))
    if (out.bytes > 0 && out.bytes + envelope.length > MESSAGE_BYTES) this.#send(to, out)
    out.waiting.push(envelope)
    out.bytes += envelope.length
    if (this.#waiting.size === 0) this.#parts.wake()
    this.#waiting.add(to)
  }

  /** To every node, at once and unnumbered. */
  broadcast(envelope: Envelope): void {
    this.#parts.bus.broadcast(this.#encode(0, [encodeEnvelope(envelope)]))
  }

  flush(): void {
    for (const to of this.#waiting) {
      const out = this.#out.get(to)
      if (out !== undefined && out.waiting.length > 0) this.#send(to, out)
    }
    this.#waiting.clear()
  }

  #send(to: NodeId, out: Outgoing): void {
    const { bus, counters } = this.#parts
    out.number++
    counters.busMessagesOut++
    counters.busEnvelopesOut += out.waiting.length
    bus.send(to, this.#encode(out.number, out.waiting))
    out.waiting = []
    out.bytes = 0
  }

  #encode(number: number, envelopes: readonly Uint8Array[]): Uint8Array {
    const writer = this.#writer
    writer.uint(LINK_VERSION)
    writer.str(this.#parts.node)
    writer.uint(this.#parts.incarnation())
    writer.uint(number)
    writer.uint(envelopes.length)
    for (const envelope of envelopes) writer.bin(envelope)
    return writer.take()
  }

  /** For the heartbeat: the last number to each peer. Said every time, since a heartbeat may be lost like any other message. */
  sent(): Record<NodeId, number> {
    const sent: Record<NodeId, number> = {}
    for (const [peer, { number }] of this.#out) sent[peer] = number
    return sent
  }

  /** A peer's heartbeat says that it has sent this node so many bus messages. */
  check(from: NodeId, incarnation: number, number: number): void {
    this.#count(from, incarnation, number, number)
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#read(bytes)
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, 'a bus message could not be read')
    }
  }

  #read(bytes: Uint8Array): void {
    const reader = new Reader(bytes)
    if (reader.uint() !== LINK_VERSION) return
    const from = reader.str(64)
    const incarnation = reader.uint()
    const number = reader.uint()
    if (from === this.#parts.node) return
    this.#parts.counters.busMessagesIn++
    if (number > 0 && !this.#count(from, incarnation, number - 1, number)) return
    for (let left = reader.uint(); left > 0; left--) {
      const envelope = this.#decode(from, reader.bin(1 << 24))
      if (envelope !== undefined) this.#parts.receive(from, incarnation, envelope)
    }
  }

  #decode(from: NodeId, bytes: Uint8Array): Envelope | undefined {
    const known = this.#in.get(from)
    const whole = known === undefined ? bytes : known.pieces.join(bytes)
    return whole && decodeEnvelope(whole)
  }

  /** Compares with what was expected; false for a message of an earlier life of the peer. */
  #count(from: NodeId, incarnation: number, expected: number, now: number): boolean {
    let known = this.#in.get(from)
    if (known !== undefined && known.incarnation > incarnation) return false
    if (known?.incarnation !== incarnation)
      this.#in.set(from, (known = { incarnation, number: 0, pieces: new EnvelopePieces() }))
    if (known.number < expected) {
      known.pieces.drop()
      this.#parts.counters.busGaps++
      this.#parts.gap(from)
    }
    known.number = Math.max(known.number, now)
    return true
  }
}
