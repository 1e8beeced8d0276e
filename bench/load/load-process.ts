/**
 * Load process: a generator as its suite sees it. Asks it one thing at a time; one that fails or ends is an error of the
 * suite, never a smaller figure.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { usageOf } from '../accounting.js'
import type { DirectPlan, DirectResult, LoadOrder, LoadReport, SessionRange } from './orders.js'

const GENERATOR = fileURLToPath(new URL('./generator.js', import.meta.url))

export class LoadProcess {
  readonly #child: ChildProcess = fork(GENERATOR, { serialization: 'advanced' })

  /** Opens sessions; answers how many seconds that took. */
  async connect(range: SessionRange): Promise<number> {
    return (await this.#ask({ order: 'connect', range }, 'connected')).seconds
  }

  async direct(plan: DirectPlan): Promise<DirectResult> {
    return (await this.#ask({ order: 'direct', plan }, 'direct')).result
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

/** Runs `program` with so many generators and ends them afterwards. */
export async function withLoad<T>(count: number, program: (load: LoadProcess[]) => Promise<T>): Promise<T> {
  const processes = Array.from({ length: count }, () => new LoadProcess())
  try {
    return await program(processes)
  } finally {
    await Promise.all(processes.map((load) => load.end()))
  }
}
