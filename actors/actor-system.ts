/**
 * Actor system: gives the actors of a node their messages. A tell puts the message into the mailbox and the cell into one
 * run queue; once per turn of the event loop the queue is drained, then the turn-end tasks run (they start journal appends,
 * flush the bus and the sockets), so everything that came in one turn leaves together.
 * Nothing here waits, and a message is never handled inside the tell that brought it.
 */
import type { Actor, ActorKind, Lane, Ref, Told } from './actor.js'
import type { CellHost, DeadLetterReason } from './cell.js'
import type { Clock } from './clock.js'
import { Fifo } from './fifo.js'
import { KindTable } from './kind-table.js'

/** Drain rounds in one turn: turn-end tasks that tell actors cause another one. The rest is for the next turn. */
const TURN_ROUNDS = 8
/** Visits in one round, so that actors that keep telling each other do not hold up I/O. */
const ROUND_VISITS = 16_384
/** One message of so many that could be timed in their mailboxes is. */
const STAMPED = 16
/** Milliseconds between two steps of the sweep for idle actors. */
const SWEEP_MS = 250

export interface ActorSystemOptions {
  readonly clock: Clock
  /** A message that no actor handled: the mailbox was full, the actor is or was stopped, or its activation failed. */
  deadLetter(kind: string, id: unknown, message: unknown, why: DeadLetterReason): void
  /** An actor's `receive`, `activate`, `passivate` or `supervise` threw; for a turn-end task the kind is 'turn end' and the id its place. */
  failed(kind: string, id: unknown, error: unknown): void
  /** Seconds a message of the user lane spent in its mailbox, as exact as the clock; about one in sixteen is timed. */
  observeMailbox?(seconds: number): void
}

/** All actors of one kind. */
export interface Kind<Id, M> {
  tell(id: Id, message: M, lane?: Lane): Told
  /** The address of an actor, whether it exists yet or not. */
  ref(id: Id): Ref<M>
  /** Adds an actor made by the caller. Throws when there is one with that id. */
  spawn(id: Id, actor: Actor<M>): Ref<M>
  /** The actor if it is active and not ending; telling it anything past its mailbox is the caller's risk. */
  get(id: Id): Actor<M> | undefined
  /** Every actor that `get` would give; stays good while actors come and go. */
  actors(): Iterable<Actor<M>>
  /** Calls for every actor that `get` would give. */
  each(task: (actor: Actor<M>, id: Id) => void): void
  /**
   * Ends an actor; what waits in its mailbox becomes dead letters. One that is activating or busy is ending until that is
   * over: tells to its id answer 'stopped' so long. Afterwards the next message activates a new one.
   */
  stop(id: Id): void
  readonly size: number
}

export class ActorSystem {
  private readonly options: ActorSystemOptions
  private readonly tables: { sweep(stepMs: number): boolean; stopAll(): void }[] = []
  private readonly turnEnd: (() => void)[] = []
  private readonly ready = new Fifo<{ visit(): void }>()
  private readonly host: CellHost
  /** A turn is asked for or going on. */
  private turning = false
  private woken = false
  private sweeping = false
  private stamps = 0
  private cancelSweep = (): void => undefined

  constructor(options: ActorSystemOptions) {
    this.options = options
    this.host = this.createHost()
  }

  register<Id, M>(kind: ActorKind<Id, M>): Kind<Id, M> {
    const table = new KindTable(this.host, kind)
    this.tables.push(table)
    return table
  }

  /** Runs `task` at the end of every turn in which actors worked or `wake` was called, in order of registration. */
  onTurnEnd(task: () => void): void {
    this.turnEnd.push(task)
  }

  /** Asks for a turn, so that the turn-end tasks run although nobody told an actor anything. */
  wake(): void {
    this.woken = true
    this.askTurn()
  }

  /** Stops every actor and the sweep; tells are answered 'stopped' from now on. */
  close(): void {
    this.host.open = false
    this.cancelSweep()
    for (const table of this.tables) table.stopAll()
  }

  private createHost(): CellHost {
    const { options } = this
    const { clock } = options
    return {
      beat: 0,
      open: true,
      enqueue: (cell) => {
        this.ready.push(cell)
        this.askTurn()
      },
      stamp: () => (options.observeMailbox !== undefined && this.stamps++ % STAMPED === 0 ? clock.now() : -1),
      observe: (since) => options.observeMailbox?.(Math.max(0, clock.now() - since) / 1000),
      startSweep: () => this.startSweep(),
      deadLetter: options.deadLetter.bind(options),
      failed: options.failed.bind(options),
    }
  }

  private askTurn(): void {
    if (this.turning) return
    this.turning = true
    this.options.clock.turn(this.turn)
  }

  private readonly turn = (): void => {
    for (let round = 0; round < TURN_ROUNDS && this.hasWork(); round++) {
      this.woken = false
      this.drain()
      this.runTurnEnd()
    }
    this.turning = false
    if (this.hasWork()) this.askTurn()
  }

  private hasWork(): boolean {
    return this.woken || this.ready.size > 0
  }

  private drain(): void {
    for (let visits = 0; visits < ROUND_VISITS && this.ready.size > 0; visits++) this.ready.shift()?.visit()
  }

  private runTurnEnd(): void {
    for (let place = 0; place < this.turnEnd.length; place++) {
      try {
        this.turnEnd[place]?.()
      } catch (error) {
        this.options.failed('turn end', place, error)
      }
    }
  }

  private startSweep(): void {
    if (this.sweeping || !this.host.open) return
    this.sweeping = true
    this.cancelSweep = this.options.clock.after(SWEEP_MS, this.sweep)
  }

  /** One step over all kinds; goes on while a kind has actors that may become idle. */
  private readonly sweep = (): void => {
    this.sweeping = false
    this.host.beat++
    let more = false
    for (const table of this.tables) more = table.sweep(SWEEP_MS) || more
    if (more) this.startSweep()
  }
}

/** Nobody answered in time. */
export class AskTimeout extends Error {
  override readonly name = 'AskTimeout'
  /** What did not answer. */
  readonly what: string
  readonly ms: number
  constructor(what: string, ms: number) {
    super(`${what} did not answer within ${ms} ms`)
    this.what = what
    this.ms = ms
  }
}

/**
 * A question to an actor as a promise: `start` tells the actor and passes `resolve` on. Rejects with AskTimeout after `ms`
 * without an answer (also when the question became a dead letter), or with what `start` throws. Later answers are ignored.
 */
export function ask<R>(
  clock: Clock,
  ms: number,
  what: string,
  start: (resolve: (answer: R) => void) => void,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new AskTimeout(what, ms)))
    start((answer) => {
      cancel()
      resolve(answer)
    })
  })
}
