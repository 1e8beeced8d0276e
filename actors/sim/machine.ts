/**
 * Machine: a place where a node runs, crashes and runs again. Each start is a new life of a real Node on the shared stores; the machine is
 * its supervisor.
 */
import type { NodeId } from '../bus.js'
import { Counters } from '../counters.js'
import { Node } from '../node.js'
import type { NodeParts } from '../node.js'
import { seededRandom } from '../random.js'
import { Life } from './life.js'
import type { Stores } from './stores.js'
import type { Trace } from './trace.js'
import type { Host } from './wire.js'

export interface MachineParts {
  readonly id: NodeId
  readonly seed: number
  readonly stores: Stores
  readonly trace: Trace
  readonly settings: Pick<
    NodeParts,
    'shards' | 'timing' | 'pingSeconds' | 'connectMs' | 'rate' | 'sendRate' | 'historyLagBytes' | 'retentionMs'
  >
}

/** A supervisor waits so long before it starts a node again that could not start. */
const START_AGAIN_MS = 1_000

export interface Running extends Host {
  readonly node: Node
  readonly counters: Counters
}

export class Machine {
  readonly id: NodeId
  running: Running | null = null
  /** Its node has entered the cluster. */
  isUp = false
  isFrozen = false
  /** Since when the others have no reason to take it for dead. */
  wellSince = 0
  readonly #parts: MachineParts
  #lives = 0

  constructor(parts: MachineParts) {
    this.#parts = parts
    this.id = parts.id
  }

  start(): void {
    if (this.running !== null) return
    const { trace, stores } = this.#parts
    const life = new Life(this.id, stores.lines, stores.clock)
    const counters = new Counters()
    const running = { life, counters, node: this.#makeNode(life, counters) }
    this.running = running
    trace.add(this.id, 'starts')
    running.node.start().then(
      () => {
        if (!life.isOver) this.#isWell()
      },
      (error: unknown) => this.#failed(running, error),
    )
  }

  #makeNode(life: Life, counters: Counters): Node {
    const { id, seed, stores, settings, trace } = this.#parts
    return new Node({
      ...settings,
      node: id,
      address: id,
      clock: life.clock,
      random: seededRandom(seed + 1000 * this.#lives++),
      log: trace.logger(id),
      counters,
      authenticator: { verify: (token) => Promise.resolve({ user: token, expires: Infinity }) },
      bus: life.bus(stores.bus(id)),
      journal: life.journal(stores.journal(id)),
      history: life.history(stores.history(id)),
      presence: life.presence(stores.presence),
      membership: life.membership(stores.membership(id)),
    })
  }

  #isWell(): void {
    this.isUp = true
    this.wellSince = this.#parts.stores.clock.now()
  }

  cutLine(): void {
    this.#parts.trace.add(this.id, 'loses its line to NATS')
    this.#parts.stores.lines.cut(this.id)
  }

  healLine(): void {
    this.#parts.stores.lines.heal(this.id)
    this.wellSince = this.#parts.stores.clock.now()
  }

  #failed(running: Running, error: unknown): void {
    if (running.life.isOver) return
    this.#parts.trace.add(this.id, 'cannot start:', String(error))
    this.crash()
    this.#parts.stores.clock.after(START_AGAIN_MS, () => this.start())
  }

  /** The process is gone from one instant to the next. */
  crash(): void {
    if (this.running === null) return
    this.#parts.trace.add(this.id, 'crashes')
    this.running.life.end()
    this.#parts.stores.forget(this.id)
    this.running = null
    this.isUp = false
    this.thaw()
  }

  /** An orderly shutdown; resolves when the process has ended. */
  async stop(): Promise<void> {
    const running = this.running
    if (running === null) return
    this.#parts.trace.add(this.id, 'drains')
    this.isUp = false
    await running.node.drain(500)
    await running.node.stop()
    if (this.running === running) this.crash()
  }

  freeze(): void {
    if (this.running === null || this.isFrozen) return
    this.isFrozen = true
    this.#parts.trace.add(this.id, 'freezes')
    this.#parts.stores.lines.freeze(this.id)
  }

  thaw(): void {
    if (!this.isFrozen) return
    this.isFrozen = false
    this.wellSince = this.#parts.stores.clock.now()
    this.#parts.trace.add(this.id, 'thaws')
    this.#parts.stores.lines.thaw(this.id)
  }
}
