/**
 * Directory table: the directory in memory, 12 bytes a slot and 15 to 19 bytes an entry. Split into parts by fingerprint,
 * so that no growing step takes long. Nodes are numbered in slots, and a slot is used again when its node was dropped.
 * directory-sync.ts feeds it on one side, routing asks it on the other. Two users with one fingerprint share an entry:
 * while both are on one node the leave of one takes both away (once in 2^64 pairs).
 */
import type { NodeId } from './bus.js'
import type { Directory } from './directory.js'
import type { UserId } from '../protocol/ids.js'
import { Fingerprint } from './fingerprint.js'
import { FingerprintTable } from './fingerprint-table.js'

/** A power of two. */
const PARTS = 256

export class DirectoryTable implements Directory {
  version = 0
  private readonly seed: number
  private readonly fingerprint = new Fingerprint()
  private readonly parts = Array.from({ length: PARTS }, () => new FingerprintTable())
  private readonly slots = new Map<NodeId, number>()
  /** Nodes by slot; slot 0 is not used, a hole is free. */
  private readonly nodes: (NodeId | undefined)[] = ['']

  /** `seed` is any integer; one that users do not know keeps them from choosing names that share a fingerprint. */
  constructor(seed = 0) {
    this.seed = seed
  }

  /** Entries: one per user and node. */
  get size(): number {
    return this.parts.reduce((total, part) => total + part.size, 0)
  }

  get bytes(): number {
    return this.parts.reduce((total, part) => total + part.bytes, 0)
  }

  enter(node: NodeId, user: UserId): void {
    const slot = this.slots.get(node) ?? this.addNode(node)
    const { high, low } = this.take(user)
    const part = this.part(low)
    if (part.has(high, low, slot)) return
    part.add(high, low, slot)
    this.version++
  }

  leave(node: NodeId, user: UserId): void {
    const slot = this.slots.get(node)
    if (slot === undefined) return
    const { high, low } = this.take(user)
    if (this.part(low).remove(high, low, slot)) this.version++
  }

  drop(node: NodeId): void {
    const slot = this.slots.get(node)
    if (slot === undefined) return
    for (const part of this.parts) part.removeValue(slot)
    this.slots.delete(node)
    this.nodes[slot] = undefined
    this.version++
  }

  nodesOf(user: UserId, into: Set<NodeId>): void {
    const { high, low } = this.take(user)
    const part = this.part(low)
    for (let slot = part.find(high, low), nth = 1; slot !== 0; slot = part.find(high, low, nth++)) {
      into.add(this.nodes[slot] as NodeId)
    }
  }

  private addNode(node: NodeId): number {
    const hole = this.nodes.indexOf(undefined)
    const slot = hole < 0 ? this.nodes.length : hole
    this.nodes[slot] = node
    this.slots.set(node, slot)
    return slot
  }

  /** The fingerprint of a user, good until the next one is taken. */
  private take(user: UserId): Fingerprint {
    this.fingerprint.begin(this.seed)
    this.fingerprint.absorb(user)
    this.fingerprint.finish()
    return this.fingerprint
  }

  private part(low: number): FingerprintTable {
    return this.parts[low & (PARTS - 1)] as FingerprintTable
  }
}
