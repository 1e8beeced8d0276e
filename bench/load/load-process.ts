/**
 * Load process: a generator as its suite sees it. Asks it one thing at a time; one that fails or ends is an error of the
 * suite, never a smaller figure.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { usageOf } from '../accounting.js'
import type { Connected, ConnectionRange, GroupPlan, LoadOrder, LoadReport, Share } from './orders.js'
import type { TrafficCounts, TrafficResult } from './orders.js'

const GENERATOR = fileURLToPath(new URL('./generator.js', import.meta.url))

export class LoadProcess {
  readonly #child: ChildProcess = fork(GENERATOR, { serialization: 'advanced' })

  async connect(range: ConnectionRange): Promise<Connected> {
    return (await this.#ask({ order: 'connect', range }, 'connected')).connected
  }

  async join(plan: GroupPlan): Promise<void> {
    await this.#ask({ order: 'join', plan }, 'joined')
  }

  /** Resolves when the time of the plan is over. */
  async run(share: Share): Promise<TrafficCounts> {
    return (await this.#ask({ order: 'run', share }, 'counts')).counts
  }

  async counts(): Promise<TrafficCounts> {
    return (await this.#ask({ order: 'counts' }, 'counts')).counts
  }

  async finish(): Promise<TrafficResult> {
    return (await this.#ask({ order: 'finish' }, 'finished')).result
  }

  async close(): Promise<void> {
    await this.#ask({ order: 'close' }, 'closed')
  }

  /** CPU seconds so far. */
  get cpu(): number {
    return usageOf(this.#child.pid ?? 0, 'load')['load']?.cpu ?? 0
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async #ask<R extends LoadReport['report']>(
    order: LoadOrder,
    expected: R,
  ): Promise<Extract<LoadReport, { report: R }>> {
    const done = new AbortController()
    const { signal } = done
    const ended = once(this.#child, 'exit', { signal }).then(() => ({ report: 'failed', text: 'it ended' }) as const)
    const answered = once(this.#child, 'message', { signal }).then(([report]) => report as LoadReport)
    this.#child.send(order)
    const report = await Promise.race([answered, ended])
    done.abort()
    await Promise.allSettled([answered, ended])
    if (report.report === expected) return report as Extract<LoadReport, { report: R }>
    throw new Error(`load generator: ${report.report === 'failed' ? report.text : report.report}`)
  }
}
