/**
 * Supervisor: several nodes on one machine and one public port, each a full member in a process of its own. It carries no
 * traffic: the kernel spreads connections over the workers (SO_REUSEPORT). It restarts them, passes on the wish to stop, and
 * is the one internal port of the machine; every worker has its own on loopback, where it is asked.
 */
import type { Clock } from '../actors/clock.js'
import type { Logger } from '../actors/logger.js'
import type { Config } from './config.js'
import { serveInternals, type InternalHttp, type Internals } from './internal-http.js'
import { mergeExpositions } from './metrics-merge.js'
import { METRICS_TYPE, supervisorText } from './metrics.js'
import { assertPortFree } from './port-free.js'
import type { Running } from './running.js'
import { Supervised } from './supervised.js'

export interface SupervisorOptions {
  /** As for one node; `workers` says how many. */
  readonly config: Config
  /** Compiled file that calls `runWorker`. */
  readonly entry: URL
  readonly clock: Clock
  readonly log: Logger
  /** Somebody asked over the internal port to drain. */
  readonly onDrain: () => void
}

export interface Supervisor extends Running {
  readonly internalPort: number
  readonly workers: readonly Supervised[]
}

/** Resolves when every worker is ready. Rejects, with nothing left running, when one cannot start or a port is taken. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { config, clock, entry, log } = options
  await assertPortFree(config.host, config.port)
  const workers = Array.from({ length: config.workers }, (_, index) => {
    return new Supervised({ entry, clock, log, config: workerConfig(config, index + 1) })
  })
  const internal = await serveInternals(config, internals(workers, options.onDrain), log)
  const stop = () => stopAll(workers, internal)
  try {
    await Promise.all(workers.map((worker) => worker.start()))
  } catch (error) {
    await stop()
    throw error
  }
  return { internalPort: internal.port, workers, stop, drain: () => each(workers, (worker) => worker.drain()) }
}

/** A worker is the node the settings describe but for its name and its internal port. */
function workerConfig(config: Config, number: number): Config {
  return { ...config, node: `${config.node}-${number}`, internalHost: '127.0.0.1', internalPort: 0 }
}

async function each(workers: readonly Supervised[], task: (worker: Supervised) => Promise<void>): Promise<void> {
  await Promise.all(workers.map(task))
}

async function stopAll(workers: readonly Supervised[], internal: InternalHttp): Promise<void> {
  await each(workers, (worker) => worker.stop())
  await internal.close()
}

function internals(workers: readonly Supervised[], onDrain: () => void): Internals {
  return {
    metrics: { contentType: METRICS_TYPE, text: () => metricsText(workers) },
    unready: async () => {
      const ready = await Promise.all(running(workers).map((worker) => ask(worker, '/readyz')))
      return ready.some((answer) => answer !== null) ? null : 'no worker is ready'
    },
    status: async () => ({ workers: await Promise.all(workers.map(statusOf)) }),
    drain: onDrain,
  }
}

const running = (workers: readonly Supervised[]) => workers.filter((worker) => worker.state === 'running')

async function metricsText(workers: readonly Supervised[]): Promise<string> {
  const asked = running(workers)
  const own = await supervisorText({
    running: asked.length,
    wanted: workers.length,
    restarts: workers.reduce((sum, worker) => sum + worker.restarts, 0),
  })
  const answers = await Promise.all(asked.map((worker) => ask(worker, '/metrics')))
  const parts = asked.map((worker, index) => [worker.name, answers[index] ?? ''] as const)
  return `${own}\n${mergeExpositions(new Map(parts))}`
}

async function statusOf(worker: Supervised): Promise<object> {
  const answer = worker.state === 'running' ? await ask(worker, '/status') : null
  const { name, state, pid, restarts } = worker
  return { worker: name, state, pid, restarts, node: answer === null ? null : (JSON.parse(answer) as unknown) }
}

const ASK_MS = 2000

/** What a worker answers on its internal port; null when it does not, or says no. */
async function ask(worker: Supervised, path: string): Promise<string | null> {
  try {
    const url = `http://127.0.0.1:${worker.internalPort}${path}`
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) })
    return response.ok ? await response.text() : null
  } catch {
    return null
  }
}
