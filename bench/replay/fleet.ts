/**
 * Fleet: the worker processes of a replay. A nick always belongs to the same worker. A worker that ends before it was told
 * to is an error, never a smaller result.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { usageOf, type Usage } from '../accounting.js'
import { batched } from './batch.js'
import type { Order, Report, WorkerSettings } from './orders.js'

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))

export interface FleetEvents {
  report(report: Report, worker: number): void
  failed(error: Error): void
}

export class Fleet {
  readonly #children: readonly ChildProcess[]
  readonly #posts: readonly ((order: Order) => void)[]
  #isStopping = false

  constructor(size: number, settings: WorkerSettings, events: FleetEvents) {
    this.#children = Array.from({ length: size }, () => fork(WORKER, { serialization: 'advanced' }))
    this.#posts = this.#children.map((child) => batched<Order>((orders) => child.connected && child.send(orders)))
    for (const [worker, child] of this.#children.entries()) {
      child.on('message', (reports: readonly Report[]) => {
        for (const report of reports) events.report(report, worker)
      })
      child.on('exit', (code, signal) => {
        const end = String(code ?? signal)
        if (!this.#isStopping) events.failed(new Error(`worker ${String(worker + 1)} ended with ${end}`))
      })
      this.post(worker, { order: 'settings', settings })
    }
  }

  workerOf(nick: string): number {
    return createHash('sha256').update(nick).digest().readUInt32LE() % this.#children.length
  }

  post(worker: number, order: Order): void {
    this.#posts[worker]?.(order)
  }

  postAll(order: Order): void {
    for (const post of this.#posts) post(order)
  }

  get size(): number {
    return this.#children.length
  }

  /** What all workers used so far, as one. */
  usage(): Usage {
    const all = this.#children.map((child) => usageOf(child.pid ?? 0, 'clients')['clients'])
    const sum = (of: 'cpu' | 'memory') => all.reduce((total, one) => total + (one?.[of] ?? 0), 0)
    return { clients: { cpu: sum('cpu'), memory: sum('memory') } }
  }

  /** Ends the workers, whatever they do. */
  async end(): Promise<void> {
    this.#isStopping = true
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null)
    await Promise.all(running.map((child) => (child.kill('SIGKILL'), once(child, 'exit'))))
  }
}
