/**
 * Cluster: this node's place among the others. It sends heartbeats, notices who is silent, proposes the next view when the membership has to
 * change and follows the chain of views. What a view means for shards, sessions and routes is told through `viewChanged`.
 */
import type { NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import { ClusterState, viewWithout, wantedView } from './cluster-state.js'
import type { Timing } from './cluster-state.js'
import type { HeartbeatEnvelope } from './envelope.js'
import type { ShardId } from './journal.js'
import type { Logger } from './logger.js'
import type { Member, Membership, View } from './membership.js'
import type { Ownership } from './router.js'

/** The format version this build writes and reads at most. */
export const FORMAT_VERSION = 1

export interface ClusterParts {
  readonly node: NodeId
  readonly address: string
  readonly shards: number
  readonly timing: Timing
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly membership: Membership
  /** Broadcasts a heartbeat that carries this view. */
  beat(view: number): void
  viewChanged(view: View, before: View | null): void
  /** This node is outside the newest view: it was taken for dead. */
  expelled(): void
  /** The loop of this node stood still for too long. */
  stalled(): void
}

/** A node knows no newer view for so long: it looks, in case the watch is late. */
const LOOK_MS = 2_000

export class Cluster implements Ownership {
  readonly #parts: ClusterParts
  readonly #peers: ClusterState
  #self: Member
  #view: View | null = null
  #waiting: { view: number; then: () => void }[] = []
  #proposing = false
  #refreshing = false
  #lookedAt = 0
  #frozen = false
  #phase: 'out' | 'in' | 'leaving' = 'out'
  #cancel: () => void = () => undefined

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.#peers = new ClusterState(parts.timing, parts.clock.now())
    this.#self = {
      node: parts.node,
      incarnation: parts.clock.now(),
      version: FORMAT_VERSION,
      address: parts.address,
      ready: true,
    }
  }

  get incarnation(): number {
    return this.#self.incarnation
  }

  get newest(): View | null {
    return this.#view
  }

  get view(): number {
    return this.#view?.number ?? 0
  }

  get shards(): number {
    return this.#parts.shards
  }

  /** Whether this life of the node owns a shard by the newest view. */
  owns(shard: ShardId): boolean {
    return this.#view !== null && this.#isIn(this.#view) && this.ownerOf(shard) === this.#self.node
  }

  ownerOf(shard: ShardId): NodeId | null {
    const index = this.#view?.owners[shard] ?? -1
    return this.#view?.members[index]?.node ?? null
  }

  /** Whether a node is in the newest view. */
  isMember(node: NodeId): boolean {
    return this.#view?.members.some((member) => member.node === node) ?? false
  }

  whenAtLeast(view: number, then: () => void): void {
    if (this.view >= view) {
      then()
      return
    }
    this.#waiting.push({ view, then })
    this.refresh()
  }

  /** Enters the cluster; from then on `viewChanged` is called. */
  async start(): Promise<void> {
    const newest = await this.#parts.membership.newest()
    if (newest !== null && newest.owners.length !== this.shards)
      throw new Error(
        `the cluster has ${String(newest.owners.length)} shards, this node is set to ${String(this.shards)}`,
      )
    await this.#parts.membership.watch((view) => this.#take(view))
    this.#phase = 'in'
    await this.#propose([])
    this.#beat()
  }

  #beat(): void {
    const { clock, timing } = this.#parts
    this.#cancel = clock.after(timing.heartbeatMs, () => {
      this.#tick()
      if (this.#phase !== 'out') this.#beat()
    })
  }

  #tick(): void {
    const { clock, node } = this.#parts
    const now = clock.now()
    if (this.#peers.tick(now)) this.#parts.stalled()
    this.#parts.beat(this.view)
    if (this.#frozen) return
    if (now - this.#lookedAt > LOOK_MS) this.refresh()
    if (this.#view === null || !this.#isIn(this.#view)) {
      if (this.#phase === 'in') void this.#propose([])
      return
    }
    const gone = this.#peers.suspects(this.#view, node, now)
    if (gone.length > 0 && this.#isMyTurn(gone)) void this.#propose(gone)
  }

  /** The first live member proposes; the others stand by with a chance each, should it fail. */
  #isMyTurn(gone: readonly NodeId[]): boolean {
    const first = this.#view?.members.find((member) => !gone.includes(member.node))
    return first?.node === this.#parts.node || this.#parts.random() < 0.2
  }

  heard(from: NodeId, incarnation: number, { view }: HeartbeatEnvelope): void {
    this.#peers.heard(from, incarnation, this.#parts.clock.now())
    if (view > this.view) this.refresh()
  }

  /** The line to bus and store went down or came back. While it is down the view stays as it is. */
  line(up: boolean): void {
    this.#frozen = !up
    if (!up) return
    this.#peers.trustAll(this.#parts.clock.now())
    this.refresh()
  }

  get frozen(): boolean {
    return this.#frozen
  }

  trustAll(): void {
    this.#peers.trustAll(this.#parts.clock.now())
  }

  /** Asks the store for the newest view. */
  refresh(): void {
    if (this.#refreshing) return
    this.#refreshing = true
    this.#lookedAt = this.#parts.clock.now()
    this.#parts.membership.newest().then(
      (view) => {
        this.#refreshing = false
        if (view !== null) this.#take(view)
      },
      () => {
        this.#refreshing = false
      },
    )
  }

  async #propose(gone: readonly NodeId[]): Promise<void> {
    if (this.#proposing) return
    this.#proposing = true
    try {
      const newest = await this.#parts.membership.newest()
      if (newest !== null) this.#take(newest)
      if (this.#phase === 'out') return
      const wanted = wantedView(newest, this.#self, gone, this.shards)
      if (wanted === null) return
      if (await this.#parts.membership.propose(wanted)) this.#take(wanted)
      else this.refresh()
    } catch (error) {
      this.#parts.log.warn({ error: String(error) }, 'the view could not be changed')
    } finally {
      this.#proposing = false
    }
  }

  #take(view: View): void {
    const before = this.#view
    if (before !== null && view.number <= before.number) return
    this.#view = view
    this.#peers.noteView(view, this.#parts.clock.now())
    const wasIn = before !== null && this.#isIn(before)
    if (wasIn && !this.#isIn(view) && this.#phase !== 'out') {
      this.#self = { ...this.#self, incarnation: Math.max(this.#parts.clock.now(), this.#self.incarnation + 1) }
      this.#parts.expelled()
    }
    this.#parts.viewChanged(view, before)
    const ready = this.#waiting.filter((waiting) => waiting.view <= view.number)
    this.#waiting = this.#waiting.filter((waiting) => waiting.view > view.number)
    for (const { then } of ready) then()
  }

  /** Whether this life of the node is in a view. */
  #isIn(view: View): boolean {
    const { node, incarnation } = this.#self
    return view.members.some((member) => member.node === node && member.incarnation === incarnation)
  }

  /** Gives all shards away; resolves when the view says so. */
  async stepDown(): Promise<void> {
    this.#self = { ...this.#self, ready: false }
    this.#phase = 'leaving'
    await this.#propose([])
  }

  /** Leaves the view and stops beating. */
  async leave(): Promise<void> {
    this.#phase = 'out'
    this.#cancel()
    for (let attempt = 0; attempt < 5; attempt++) {
      const newest = await this.#parts.membership.newest()
      const without = viewWithout(newest, this.#parts.node, this.shards)
      if (without === null || (await this.#parts.membership.propose(without))) return
    }
  }

  /** Stops without telling anybody, as a crash would. */
  halt(): void {
    this.#phase = 'out'
    this.#cancel()
  }
}
