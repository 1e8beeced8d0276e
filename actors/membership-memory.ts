/**
 * Membership in memory: the chain of views of the nodes of one process, for tests, simulations and one-node mode. With no
 * faults it answers and tells watchers in microtasks. Faults: slow answers, late watches, proposals whose outcome is unknown
 * (stored or not), times when the store is away.
 */
import type { NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import type { Membership, View } from './membership.js'
import { MemoryCourier } from './courier-memory.js'
import { MemoryLines } from './lines-memory.js'

export interface MembershipFaults {
  /** Milliseconds of one way, to the store or back; drawn for each. */
  readonly delay?: () => number
  /** Milliseconds until a watcher hears of a view; drawn for each. Views overtaken on the way are skipped. */
  readonly watchDelay?: () => number
  /** Probability that a proposal rejects; half of those were stored. */
  readonly unknown?: number
}

export interface MemoryMembershipOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lines?: MemoryLines
  readonly faults?: MembershipFaults
}

interface Watcher {
  readonly node: NodeId
  readonly listener: (view: View) => void
  seen: number
}

export class MemoryMembershipStore {
  /** The faults of today; may be replaced while running. */
  faults: MembershipFaults
  /** True: nobody reaches the store, and watchers hear nothing until `restore`. */
  private away = false
  readonly lines: MemoryLines
  private readonly options: MemoryMembershipOptions
  private readonly watchers = new Set<Watcher>()
  private view: View | null = null

  constructor(options: MemoryMembershipOptions) {
    this.options = options
    this.faults = options.faults ?? {}
    this.lines = options.lines ?? new MemoryLines()
  }

  membership(node: NodeId): Membership {
    const courier = new MemoryCourier(node, this.lines, this.options.clock, () => this.faults.delay?.() ?? 0)
    const mine = new Set<Watcher>()
    const end = this.lines.onLine(node, (up) => {
      if (up) for (const watcher of mine) this.tell(watcher)
    })
    return {
      newest: () => courier.ask(() => this.reachable(() => this.view)),
      propose: (view) => courier.ask(() => this.reachable(() => this.propose(view))),
      watch: async (listener) => {
        await courier.ask(() => this.reachable(() => null))
        const watcher = { node, listener, seen: 0 }
        mine.add(watcher)
        this.watchers.add(watcher)
        this.tell(watcher)
      },
      close: () => {
        for (const watcher of mine) this.watchers.delete(watcher)
        end()
        return Promise.resolve()
      },
    }
  }

  interrupt(): void {
    this.away = true
  }

  restore(): void {
    this.away = false
    for (const watcher of this.watchers) this.tell(watcher)
  }

  private propose(view: View): boolean {
    const { unknown = 0 } = this.faults
    const draw = unknown > 0 ? this.options.random() : 1
    if (draw < unknown / 2) throw new Error('no answer in time')
    const accepted = view.number === (this.view?.number ?? 0) + 1
    if (accepted) this.accept(view)
    if (draw < unknown) throw new Error('no answer in time')
    return accepted
  }

  private accept(view: View): void {
    this.view = view
    for (const watcher of this.watchers) this.tell(watcher)
  }

  private tell(watcher: Watcher): void {
    const delay = this.faults.watchDelay?.() ?? 0
    const view = this.view
    if (!view) return
    const arrive = () => this.arrive(watcher, view)
    if (delay > 0) this.options.clock.after(delay, arrive)
    else this.options.clock.turn(arrive)
  }

  private arrive(watcher: Watcher, view: View): void {
    if (this.away || !this.lines.isUp(watcher.node)) return
    this.lines.whenAwake(watcher.node, () => {
      if (!this.watchers.has(watcher) || view.number <= watcher.seen) return
      watcher.seen = view.number
      watcher.listener(view)
    })
  }

  private reachable<T>(work: () => T): T {
    if (this.away) throw new Error('the store is away')
    return work()
  }
}
