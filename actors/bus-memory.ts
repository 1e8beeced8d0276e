/**
 * Bus in memory: a hub that hands bytes between the nodes of one process, for tests, simulations and one-node mode. With no
 * faults it delivers in microtasks; with delay and loss, under the given clock and random numbers, still in order per pair of
 * nodes. Like core NATS it loses what is sent over a line that is down, and never delivers a node's bytes to itself.
 */
import type { Bus, NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import { MemoryLines } from './lines-memory.js'

export interface MemoryBusOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lines?: MemoryLines
  /** Milliseconds one message takes; drawn for each. Order per pair stays: a slow message holds up those after it. */
  readonly delay?: (from: NodeId, to: NodeId) => number
  /** Probability that a message is lost. */
  readonly loss?: (from: NodeId, to: NodeId) => number
}

type Receive = (bytes: Uint8Array) => void

/** Messages under way from one node to another; each timer delivers the oldest. */
interface Pair {
  readonly queue: Uint8Array[]
  lastArrival: number
}

export class MemoryBusHub {
  readonly lines: MemoryLines
  private readonly options: MemoryBusOptions
  private readonly open = new Map<NodeId, Receive>()
  private readonly pairs = new Map<string, Pair>()

  constructor(options: MemoryBusOptions) {
    this.options = options
    this.lines = options.lines ?? new MemoryLines()
  }

  bus(node: NodeId): Bus {
    const ends: (() => void)[] = []
    return {
      open: (name, receive) => this.add(node, name, receive),
      send: (to, bytes) => this.carry(node, to, bytes),
      broadcast: (bytes) => {
        for (const to of this.open.keys()) this.carry(node, to, bytes)
      },
      onLine: (listener) => void ends.push(this.lines.onLine(node, listener)),
      close: () => {
        this.open.delete(node)
        for (const end of ends.splice(0)) end()
        return Promise.resolve()
      },
    }
  }

  private add(node: NodeId, name: NodeId, receive: Receive): Promise<void> {
    if (name !== node) return Promise.reject(new Error(`this is the bus of ${node}, not of ${name}`))
    this.open.set(node, receive)
    return Promise.resolve()
  }

  private carry(from: NodeId, to: NodeId, bytes: Uint8Array): void {
    if (from === to || !this.open.has(from) || !this.lines.isUp(from)) return
    const loss = this.options.loss?.(from, to) ?? 0
    if (loss > 0 && this.options.random() < loss) return
    const pair = this.pair(from, to)
    pair.queue.push(bytes)
    const arrive = () => this.arrive(to, pair)
    if (this.options.delay) this.options.clock.after(this.wait(pair, this.options.delay(from, to)), arrive)
    else this.options.clock.turn(arrive)
  }

  private wait(pair: Pair, delay: number): number {
    const now = this.options.clock.now()
    pair.lastArrival = Math.max(now + delay, pair.lastArrival)
    return pair.lastArrival - now
  }

  private arrive(to: NodeId, pair: Pair): void {
    const bytes = pair.queue.shift()
    if (!bytes || !this.lines.isUp(to)) return
    const receive = this.open.get(to)
    if (!receive) return
    this.lines.whenAwake(to, () => {
      if (this.open.get(to) === receive) receive(bytes)
    })
  }

  private pair(from: NodeId, to: NodeId): Pair {
    const key = `${from} ${to}`
    let pair = this.pairs.get(key)
    if (!pair) this.pairs.set(key, (pair = { queue: [], lastArrival: 0 }))
    return pair
  }
}
