/**
 * Connections: those of one generator, opened at a pace, in groups, kept alive by one timer and confirmed by another. What
 * happens on them goes to the listener of the moment.
 */
import { Gate } from '../gate.js'
import { Latency } from '../latency.js'
import { monotonic } from '../monotonic.js'
import type { LoadClient, LoadListener, LoadProtocol } from './load-client.js'
import type { Connected, ConnectionRange, GroupPlan } from './orders.js'
import type { Groups } from './pattern.js'

/** Below the accept queue of one listener (512 in uSockets), also with several generators. */
const CONNECTS_AT_ONCE = 128
const JOINS_AT_ONCE = 64
/** Part of the connections that a system may lose or refuse while they are opened (ejabberd does, without a word in its log): opened again, in all. */
const AGAIN_PART = 0.01
/** Every connection confirms once in so many slices of so many milliseconds: clients that are not of one process keep no common beat. */
const CONFIRM_SLICES = 25
const CONFIRM_SLICE_MS = 20

const DEAF: LoadListener = {
  acked: () => undefined,
  delivered: () => undefined,
  failed: () => undefined,
  lost: () => undefined,
}

export class Connections implements LoadListener {
  readonly #protocol: LoadProtocol
  readonly #range: ConnectionRange
  readonly #clients: LoadClient[] = []
  readonly #lost: (reason: string) => void
  #groups: Groups = []
  #timers: NodeJS.Timeout[] = []
  listener: LoadListener = DEAF
  /** Set while connections are opened: those that are to be opened again. */
  #again: Set<number> | null = null
  /** How many more may be. */
  #spare: number

  /** `lost` hears of every connection that ends by itself, unless the range allows that. */
  constructor(protocol: LoadProtocol, range: ConnectionRange, lost: (reason: string) => void) {
    this.#protocol = protocol
    this.#range = range
    this.#spare = Math.floor(AGAIN_PART * range.count)
    this.#lost = range.mayLose === true ? () => undefined : lost
  }

  get clients(): readonly LoadClient[] {
    return this.#clients
  }

  get groups(): Groups {
    return this.#groups
  }

  /** Rejects when more are refused or lost than may be. */
  async open(): Promise<Connected> {
    const latency = new Latency()
    const start = monotonic()
    const again = (this.#again = new Set<number>())
    for (let round = [...Array(this.#range.count).keys()]; round.length > 0; round = [...again]) {
      again.clear()
      const gate = new Gate(CONNECTS_AT_ONCE)
      await Promise.all(round.map((at) => gate.pass(() => this.#tryToOpen(at, latency))))
      if (again.size > 0)
        process.stderr.write(
          `load generator: ${String(again.size)} connections were lost or refused and are opened again\n`,
        )
    }
    this.#again = null
    const everyHeartbeat = Math.max(Math.round(this.#protocol.heartbeatSeconds), 1)
    this.#timers = [
      setInterval(
        this.#slices(everyHeartbeat, (client) => client.heartbeat()),
        1000,
      ),
      setInterval(
        this.#slices(CONFIRM_SLICES, (client) => client.confirm()),
        CONFIRM_SLICE_MS,
      ),
    ]
    return { seconds: (monotonic() - start) / 1000, latency: latency.data() }
  }

  /** The first of this generator's members of each group goes ahead, so that only one makes it. */
  async join({ group, size }: GroupPlan): Promise<void> {
    const groups = new Map<string, number[]>()
    for (const at of this.#clients.keys()) {
      const name = `${group}${String(Math.floor((this.#range.first + at) / size))}`
      const members = groups.get(name)
      if (members) members.push(at)
      else groups.set(name, [at])
    }
    this.#groups = [...groups].map(([name, members]) => ({ name, members }))
    const gate = new Gate(JOINS_AT_ONCE)
    await Promise.all(
      this.#groups.map(async ({ name, members: [first, ...others] }) => {
        const enter = (at: number) => gate.pass(async () => this.#clients[at]?.join(name))
        await enter(first ?? 0)
        await Promise.all(others.map(enter))
      }),
    )
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    // Not for-of, which would also give the slots of those that were refused.
    this.#clients.forEach((client) => client.close())
  }

  acked(at: number, number: number): void {
    this.listener.acked(at, number)
  }

  delivered(at: number, bytes: Uint8Array, start: number, end: number): void {
    this.listener.delivered(at, bytes, start, end)
  }

  failed(at: number, error: string): void {
    this.listener.failed(at, error)
  }

  lost(at: number, reason: string): void {
    if (this.#opensAgain(at)) return
    this.listener.lost(at, reason)
    this.#lost(`the connection of ${this.#clients[at]?.user ?? String(at)} was lost: ${reason}`)
  }

  async #tryToOpen(at: number, latency: Latency): Promise<void> {
    try {
      await this.#open(at, latency)
    } catch (error) {
      if (!this.#opensAgain(at)) throw error
    }
  }

  #opensAgain(at: number): boolean {
    if (this.#again === null) return false
    if (this.#again.has(at)) return true
    if (this.#spare === 0) return false
    this.#spare--
    this.#again.add(at)
    return true
  }

  async #open(at: number, latency: Latency): Promise<void> {
    const { target, prefix, first } = this.#range
    const start = monotonic()
    this.#clients[at] = await this.#protocol.connect(target, `${prefix}${String(first + at)}`, at, this)
    latency.record(monotonic() - start)
  }

  /** Does something for one connection in `count` at each call, in turn. */
  #slices(count: number, task: (client: LoadClient) => void): () => void {
    let turn = 0
    return () => {
      turn += 1
      for (let at = turn % count; at < this.#clients.length; at += count) task(this.#clients[at] as LoadClient)
    }
  }
}
