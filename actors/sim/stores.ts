/**
 * Stores: what the simulated nodes share, all of it in memory and under one seed: bus, journal, history, membership, presence. A mutation
 * bends the contracts here, between a store and a node; the stores themselves stay as they are.
 */
import type { Bus, NodeId } from '../bus.js'
import { MemoryBusHub } from '../bus-memory.js'
import type { VirtualClock } from '../clock-virtual.js'
import type { Random } from '../clock.js'
import type { History } from '../history.js'
import { MemoryHistoryStore } from '../history-memory.js'
import type { Journal, ShardId } from '../journal.js'
import { MemoryJournalStore } from '../journal-memory.js'
import { MemoryLines } from '../lines-memory.js'
import type { Membership, View } from '../membership.js'
import { MemoryMembershipStore } from '../membership-memory.js'
import type { Presence } from '../presence.js'
import { MemoryPresence } from '../presence-memory.js'

/** How a mutation changes what a node gets. */
export interface Bent {
  readonly bus?: (bus: Bus, node: NodeId) => Bus
  readonly journal?: (journal: Journal, node: NodeId) => Journal
  readonly history?: (history: History, node: NodeId) => History
  readonly membership?: (membership: Membership, node: NodeId) => Membership
}

export interface StoresParts {
  readonly clock: VirtualClock
  readonly random: Random
  readonly bent: Bent
  readonly stored: (shard: ShardId, seq: number, record: Uint8Array) => void
  /** A view was accepted. */
  readonly viewed: (view: View) => void
}

/** Milliseconds. */
const BUS_DELAY = 3

export class Stores {
  readonly clock: VirtualClock
  readonly lines = new MemoryLines()
  readonly hub: MemoryBusHub
  readonly journals: MemoryJournalStore
  readonly histories: MemoryHistoryStore
  readonly memberships: MemoryMembershipStore
  readonly presence: Presence
  /** Since when the bus loses and delays nothing; Infinity while it does. */
  busWellSince = 0
  #busLoss = 0
  #busDelay = BUS_DELAY
  readonly #bent: Bent
  readonly #oneWay: () => number
  readonly #viewed: StoresParts['viewed']
  readonly #closers = new Map<NodeId, (() => void)[]>()

  constructor({ clock, random, bent, stored, viewed }: StoresParts) {
    const { lines } = this
    this.#oneWay = () => 1 + Math.floor(random() * 3)
    const common = { clock, random, lines, faults: { delay: this.#oneWay } }
    this.clock = clock
    this.#viewed = viewed
    this.#bent = bent
    this.presence = new MemoryPresence(clock)
    this.hub = new MemoryBusHub({
      ...common,
      delay: () => 1 + Math.floor(random() * this.#busDelay),
      loss: () => this.#busLoss,
    })
    this.journals = new MemoryJournalStore({ ...common, stored })
    this.histories = new MemoryHistoryStore(common)
    this.memberships = new MemoryMembershipStore(common)
  }

  bus(node: NodeId): Bus {
    const bus = this.hub.bus(node)
    this.#onForget(node, () => void bus.close())
    return this.#bent.bus?.(bus, node) ?? bus
  }

  journal(node: NodeId): Journal {
    const journal = this.journals.journal(node)
    return this.#bent.journal?.(journal, node) ?? journal
  }

  history(node: NodeId): History {
    const history = this.histories.history(node)
    return this.#bent.history?.(history, node) ?? history
  }

  membership(node: NodeId): Membership {
    const membership = this.#watched(this.memberships.membership(node))
    this.#onForget(node, () => void membership.close())
    return this.#bent.membership?.(membership, node) ?? membership
  }

  /** Notes each view before a node hears of it. */
  #watched(membership: Membership): Membership {
    return {
      ...membership,
      newest: async () => {
        const view = await membership.newest()
        if (view !== null) this.#viewed(view)
        return view
      },
      propose: async (view) => {
        const accepted = await membership.propose(view)
        if (accepted) this.#viewed(view)
        return accepted
      },
      watch: (listener) =>
        membership.watch((view) => {
          this.#viewed(view)
          listener(view)
        }),
    }
  }

  /** Bus messages are lost with this probability and take up to so many milliseconds. */
  troubleBus(loss: number, delay: number): void {
    this.#busLoss = loss
    this.#busDelay = delay
    this.busWellSince = Infinity
  }

  calmBus(): void {
    this.#busLoss = 0
    this.#busDelay = BUS_DELAY
    this.busWellSince = this.clock.now()
  }

  /** No store makes trouble any more; answers under way still take their time. */
  heal(): void {
    const faults = { delay: this.#oneWay }
    this.calmBus()
    this.journals.faults = faults
    this.journals.outage = false
    this.histories.faults = faults
    this.histories.outage = false
    this.memberships.faults = faults
    this.memberships.restore()
  }

  /** What a store answers when it works, for those who look from outside. */
  async ask<T>(answer: Promise<T>): Promise<T> {
    await this.clock.run(this.clock.now() + 10)
    return answer
  }

  /** Adds faults to a store, beside the usual delay. */
  get usual(): { readonly delay: () => number } {
    return { delay: this.#oneWay }
  }

  /** The node's process is gone, and its connections with it. */
  forget(node: NodeId): void {
    for (const close of this.#closers.get(node) ?? []) close()
    this.#closers.delete(node)
  }

  #onForget(node: NodeId, close: () => void): void {
    const closers = this.#closers.get(node) ?? []
    closers.push(close)
    this.#closers.set(node, closers)
  }
}
