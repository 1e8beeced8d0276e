/**
 * Supervised: one worker as the supervisor sees it, through all the processes that have been it. A process that ends without
 * being told to is started again after a pause, which doubles until one has lasted. One that never was ready is not started again.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Clock } from '../actors/clock.js'
import type { Logger } from '../actors/logger.js'
import type { Config } from './config.js'
import type { WorkerOrder, WorkerReport } from './worker-messages.js'

/**
 * starting: forked, not ready. running: ready. waiting: it ended by itself and is started again after a pause.
 * stopping: told to. stopped: over.
 */
export type SupervisedState = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped'

export interface SupervisedOptions {
  /** Compiled file that calls `runWorker`. */
  readonly entry: URL
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** A process that ran for so long makes the next pause the first one again. */
const LASTED_MS = 60_000
/** What a process may take to stop after its drain is over; then it is killed. */
const STOP_MS = 10_000

export class Supervised {
  readonly name: string
  state: SupervisedState = 'stopped'
  restarts = 0
  /** Of the process that runs now. */
  internalPort = 0
  readonly #options: SupervisedOptions
  #child: ChildProcess | null = null
  #everReady = false
  #pauseMs = FIRST_PAUSE_MS
  #cancelPause: () => void = () => undefined

  constructor(options: SupervisedOptions) {
    this.name = options.config.node
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the process is ready; rejects with its reason when it ends before that. */
  start(): Promise<void> {
    const { entry, config, clock } = this.#options
    const child = fork(entry, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const started = clock.now()
    this.#child = child
    this.state = 'starting'
    order(child, { order: 'start', config })
    return new Promise((resolve, reject) => {
      let reason = 'its process ended before it was ready'
      child.on('message', (message: WorkerReport) => {
        if (message.report === 'ready') resolve(this.#ready(message.internalPort))
        else reason = message.reason
      })
      child.once('exit', (code, signal) => {
        reject(new Error(`worker ${this.name} did not start: ${reason}`))
        this.#exited({ code, signal, ranMs: clock.now() - started })
      })
    })
  }

  /** Resolves when it has drained and stopped. */
  drain(): Promise<void> {
    return this.#end('drain', this.#options.config.drainSeconds * 1000 + STOP_MS)
  }

  /** Resolves when it has stopped. */
  stop(): Promise<void> {
    return this.#end('stop', STOP_MS)
  }

  async #end(how: 'drain' | 'stop', killMs: number): Promise<void> {
    this.#cancelPause()
    const child = this.#child
    this.state = child === null ? 'stopped' : 'stopping'
    if (child === null) return
    const cancel = this.#options.clock.after(killMs, () => void child.kill('SIGKILL'))
    const gone = once(child, 'exit')
    order(child, { order: how })
    await gone
    cancel()
  }

  #ready(internalPort: number): void {
    this.internalPort = internalPort
    this.#everReady = true
    if (this.state === 'starting') this.state = 'running'
  }

  #exited(how: { code: number | null; signal: NodeJS.Signals | null; ranMs: number }): void {
    this.#child = null
    const wanted = this.#everReady && this.state !== 'stopping'
    this.state = wanted ? 'waiting' : 'stopped'
    if (!wanted) return
    if (how.ranMs >= LASTED_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#options.log.error({ worker: this.name, ...how, pauseMs: this.#pauseMs }, 'a worker ended by itself')
    this.#cancelPause = this.#options.clock.after(this.#pauseMs, () => this.#again())
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS)
  }

  #again(): void {
    this.restarts++
    this.start().then(
      () => this.#options.log.info({ worker: this.name, pid: this.pid }, 'the worker runs again'),
      (error: unknown) => this.#options.log.error({ worker: this.name, err: error }, 'the worker did not start again'),
    )
  }
}

/** A worker whose channel is closed is on its way out already. */
function order(child: ChildProcess, message: WorkerOrder): void {
  if (child.connected) child.send(message, () => undefined)
}
