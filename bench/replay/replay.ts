/**
 * Replay: deals the lines of a chat log out to the workers at its pace, with a bounded number in flight, keeps the truth of
 * what was acked, and has every conversation judged when its day is over. Between the chat log and the fleet.
 */
import type { Usage } from '../accounting.js'
import { monotonic } from '../monotonic.js'
import { readChatLog, type Extent, type Line } from './chat-log.js'
import { Day } from './day.js'
import { Fleet } from './fleet.js'
import type { Report, WorkerSettings } from './orders.js'
import type { Outcome } from './outcome.js'
import { pace } from './pace.js'
import type { Progress } from './progress.js'
import type { Strike } from './strike.js'
import { Tally } from './tally.js'

export interface ReplayPlan {
  readonly file: string
  readonly extent: Extent
  /** Lines in that extent. */
  readonly total: number
  readonly speed: number
  readonly processes: number
  readonly worker: WorkerSettings
  /** Happens when half of the messages are acked. */
  readonly strike: Strike | undefined
  readonly progress: Progress
}

/** Messages dealt and not yet acked, over all workers. */
const WINDOW = 2000
/** Conversations that are over and not yet judged: bounds sockets and memory. */
const JUDGING = 4
/** How exactly a line's time is kept. */
const TICK_MS = 5
/** With something outstanding, but no ack and no verdict for so long, the replay gives up. */
const STALL_MS = 240_000

export class Replay {
  readonly #plan: ReplayPlan
  readonly #fleet: Fleet
  readonly #tally = new Tally()
  readonly #days = new Map<string, Day>()
  /** Conversations that are over, and the verdicts still to come. */
  readonly #judging = new Map<string, number>()
  #dealt = 0
  #stopped = 0
  #lastProgress = monotonic()
  #strike: Promise<void> | undefined
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor(plan: ReplayPlan) {
    this.#plan = plan
    const events = {
      report: (report: Report) => this.#take(report),
      failed: (error: Error) => this.#fail(error),
    }
    this.#fleet = new Fleet(plan.processes, plan.worker, events)
  }

  /** What the worker processes used so far. */
  usage(): Usage {
    return this.#fleet.usage()
  }

  /** Resolves when every conversation was judged; rejects when that cannot be reached. */
  async run(): Promise<Outcome> {
    const watch = setInterval(() => this.#watch(), TICK_MS)
    const { strike, total } = this.#plan
    try {
      await this.#dealAll()
      await this.#until(() => this.#days.size === 0 && this.#judging.size === 0)
      await this.#strike
      this.#fleet.postAll({ order: 'stop' })
      await this.#until(() => this.#stopped === this.#fleet.size)
      return this.#tally.outcome(total, strike === undefined ? [] : [strike.report(this.#tally.start)])
    } finally {
      clearInterval(watch)
    }
  }

  /** Ends the worker processes, whatever they do. */
  async end(): Promise<void> {
    await this.#fleet.end()
  }

  async #dealAll(): Promise<void> {
    const { file, extent, speed } = this.#plan
    let day: Day | undefined
    for await (const { line, due } of pace(readChatLog(file, extent), speed)) {
      await this.#turn(due)
      if (day?.name !== line.day) {
        this.#complete(day)
        day = this.#begin(line)
      }
      this.#dealt += 1
      if (day.add(line)) this.#speak(day, line)
    }
    this.#complete(day)
  }

  /** Waits for the line's time, and for room. */
  async #turn(due: number): Promise<void> {
    const at = this.#tally.start + due
    await this.#until(() => monotonic() >= at && this.#inFlight < WINDOW && this.#judging.size < JUDGING)
  }

  get #inFlight(): number {
    return this.#dealt - this.#tally.acked - this.#tally.refused
  }

  #begin({ day: name, nick }: Line): Day {
    const day = new Day(name, this.#plan.worker.run)
    this.#days.set(day.conversation, day)
    const worker = this.#fleet.workerOf(nick)
    day.workers.add(worker)
    this.#fleet.post(worker, { order: 'open', conversation: day.conversation, nick, title: name })
    return day
  }

  #speak(day: Day, { nick, text }: Line): void {
    const worker = this.#fleet.workerOf(nick)
    day.workers.add(worker)
    this.#fleet.post(worker, { order: 'speak', conversation: day.conversation, nick, text })
  }

  #complete(day: Day | undefined): void {
    day?.complete()
    if (day !== undefined) this.#finishIfOver(day)
  }

  #finishIfOver(day: Day): void {
    if (!day.isOver) return
    this.#days.delete(day.conversation)
    this.#judging.set(day.conversation, day.workers.size)
    this.#tally.over()
    for (const worker of day.workers) this.#fleet.post(worker, { order: 'finish', truth: day.truth.truth() })
  }

  #take(report: Report): void {
    this.#lastProgress = monotonic()
    switch (report.report) {
      case 'acked':
        this.#takeAck(report)
        break
      case 'refused':
        this.#takeRefusal(report)
        break
      case 'finished':
        this.#takeVerdict(report)
        break
      case 'stopped':
        this.#stopped += 1
        this.#tally.lastWords(report)
    }
    this.#plan.progress.update(this.#tally.acked, this.#tally.delivered)
    this.#wake()
  }

  #takeAck({ conversation, what, acked, took }: Extract<Report, { report: 'acked' }>): void {
    const day = this.#days.get(conversation)
    if (day === undefined) throw new Error(`an ack for ${conversation}, which is over`)
    this.#tally.found(day.truth.add(acked))
    if (what === 'opened') for (const line of day.open()) this.#speak(day, line)
    if (what !== 'message') return
    this.#tally.ackedAfter(took)
    this.#plan.strike?.note(acked.sentAt, took)
    if (this.#tally.acked >= this.#plan.total / 2) this.#strikeOnce()
    this.#settle(day)
  }

  #takeRefusal({ conversation, what, text }: Extract<Report, { report: 'refused' }>): void {
    this.#plan.progress.note(`not acked: ${text}`)
    const day = this.#days.get(conversation)
    if (what === 'opened') this.#fail(new Error(text))
    if (what !== 'message' || day === undefined) return
    this.#tally.refused += 1
    this.#settle(day)
  }

  #settle(day: Day): void {
    day.settle()
    this.#finishIfOver(day)
  }

  #takeVerdict(verdict: Extract<Report, { report: 'finished' }>): void {
    this.#tally.verdict(verdict)
    const left = (this.#judging.get(verdict.conversation) ?? 1) - 1
    if (left === 0) this.#judging.delete(verdict.conversation)
    else this.#judging.set(verdict.conversation, left)
  }

  #strikeOnce(): void {
    if (this.#strike !== undefined || this.#plan.strike === undefined) return
    this.#plan.progress.note('half of the messages are acked: striking')
    this.#strike = this.#plan.strike.run()
    this.#strike.catch((cause: unknown) => this.#fail(new Error(`the strike failed: ${String(cause)}`, { cause })))
  }

  #watch(): void {
    const outstanding = this.#inFlight + this.#judging.size
    this.#wake()
    if (outstanding === 0) this.#lastProgress = monotonic()
    if (monotonic() - this.#lastProgress < STALL_MS) return
    const what = `${String(this.#inFlight)} messages without an ack, ${String(this.#judging.size)} conversations not judged`
    this.#fail(new Error(`nothing happened for ${String(STALL_MS / 1000)} s: ${what}`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  /** Only `run` waits here, so one place to wake is enough. */
  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === undefined && !condition()) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}
