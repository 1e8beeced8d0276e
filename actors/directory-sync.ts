/**
 * How nodes tell each other who is online: every change of a node's users is broadcast with a number; a node that misses one asks for all
 * of them. What a directory lacks costs a push, never a message: the device hears of it by the announced heads after the repair.
 */
import type { UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { Clock } from './clock.js'
import type { Directory } from './directory.js'
import type { Envelope } from './envelope.js'
import type { Links } from './links.js'

export type DirectoryEnvelope = Extract<Envelope, { type: 'directory' }>

export interface DirectorySyncParts {
  readonly node: NodeId
  readonly clock: Clock
  readonly directory: Directory
  readonly links: Links
  /** The users with a session on this node. */
  users(): Iterable<UserId>
  /** The table of this peer was incomplete until now. */
  repaired(peer: NodeId): void
}

interface Peer {
  incarnation: number
  number: number
  askedAt: number
}

/** Users in one envelope of a snapshot: below the size of a bus message. */
const PART = 5_000
const ASK_MS = 1_000

export class DirectorySync {
  readonly #parts: DirectorySyncParts
  readonly #peers = new Map<NodeId, Peer>()
  #number = 0
  #entered = new Set<UserId>()
  #left = new Set<UserId>()

  constructor(parts: DirectorySyncParts) {
    this.#parts = parts
  }

  /** Number of the last change that was broadcast. */
  get number(): number {
    return this.#number
  }

  /** The first session of a user on this node began. */
  enter(user: UserId): void {
    this.#parts.directory.enter(this.#parts.node, user)
    if (!this.#left.delete(user)) this.#entered.add(user)
  }

  /** The last one ended. */
  leave(user: UserId): void {
    this.#parts.directory.leave(this.#parts.node, user)
    if (!this.#entered.delete(user)) this.#left.add(user)
  }

  /** At the end of a turn: the changes go out. */
  flush(): void {
    if (this.#entered.size === 0 && this.#left.size === 0) return
    const entered = [...this.#entered]
    const left = [...this.#left]
    this.#entered = new Set()
    this.#left = new Set()
    for (let i = 0; i < Math.max(entered.length, left.length); i += PART) {
      this.#number++
      this.#parts.links.broadcast({
        type: 'directory',
        number: this.#number,
        reset: false,
        entered: entered.slice(i, i + PART),
        left: left.slice(i, i + PART),
      })
    }
  }

  /** A peer asks for all users of this node. */
  answer(peer: NodeId): void {
    this.flush()
    const users = [...this.#parts.users()]
    for (let i = 0; i === 0 || i < users.length; i += PART) {
      const entered = users.slice(i, i + PART)
      this.#parts.links.post(peer, { type: 'directory', number: this.#number, reset: i === 0, entered, left: [] })
    }
  }

  take(from: NodeId, incarnation: number, envelope: DirectoryEnvelope): void {
    const peer = this.#peer(from, incarnation)
    if (peer.incarnation !== incarnation) return
    if (envelope.reset) {
      this.#parts.directory.drop(from)
      peer.number = envelope.number
      this.#apply(from, envelope)
      this.#parts.repaired(from)
    } else if (envelope.number === peer.number || envelope.number === peer.number + 1) {
      peer.number = envelope.number
      this.#apply(from, envelope)
    } else if (envelope.number > peer.number) this.#ask(from, peer)
  }

  #apply(from: NodeId, { entered, left }: DirectoryEnvelope): void {
    for (const user of entered) this.#parts.directory.enter(from, user)
    for (const user of left) this.#parts.directory.leave(from, user)
  }

  /** A peer's heartbeat says what the number of its last change is. */
  check(from: NodeId, incarnation: number, number: number): void {
    const peer = this.#peer(from, incarnation)
    if (peer.incarnation === incarnation && number > peer.number) this.#ask(from, peer)
  }

  /** What is known of the peer's newest life; changes are broadcast, so one of an earlier life may still come. */
  #peer(from: NodeId, incarnation: number): Peer {
    let peer = this.#peers.get(from)
    if (peer === undefined || peer.incarnation < incarnation) {
      this.#parts.directory.drop(from)
      this.#peers.set(from, (peer = { incarnation, number: 0, askedAt: 0 }))
    }
    return peer
  }

  #ask(from: NodeId, peer: Peer): void {
    const now = this.#parts.clock.now()
    if (now - peer.askedAt < ASK_MS) return
    peer.askedAt = now
    this.#parts.links.post(from, { type: 'directoryAsk' })
  }

  /** A peer is out of the view. */
  forget(peer: NodeId): void {
    this.#parts.directory.drop(peer)
    this.#peers.delete(peer)
  }
}
