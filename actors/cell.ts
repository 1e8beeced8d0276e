/**
 * Cell: what the runtime keeps per actor: where it is in its life, its actor, and its mailbox while it has messages.
 * The kind table that made it is on one side, the actor on the other; the actor system visits it when it has work.
 * It promises one message at a time, and that every message taken is handled once or becomes a dead letter.
 */
import type { Actor, ActorKind, Lane, Ref, Told } from './actor.js'
import type { Mailbox, MailboxShelf } from './mailbox.js'

/** Messages handled in one visit before the other cells have their turn. */
const VISIT_MESSAGES = 64

type CellState =
  /** No actor yet, or none any more after a restart: the next visit activates. */
  | 'cold'
  /** `activate` has not resolved; messages wait. */
  | 'activating'
  /** Takes the next message when visited. */
  | 'ready'
  /** The promise of `receive` is pending; messages wait. */
  | 'busy'
  /** Stopped while activating or busy: takes no messages and is gone when that is over. */
  | 'ending'
  /** Gone from its table. */
  | 'ended'

export type DeadLetterReason = 'full' | 'stopped' | 'failed'

/** What the actor system does for cells. */
export interface CellHost {
  /** Time as idle cells count it; rises by one with every step of the sweep. */
  beat: number
  /** False once the system is closed: no new cells. */
  open: boolean
  /** Has the cell visited in this turn or the next one. */
  enqueue(cell: { visit(): void }): void
  /** A cell exists that may become idle. */
  startSweep(): void
  /** A time for `observe`; negative when the message need not be timed. */
  readonly stamp: () => number
  /** A message is about to be handled that waits since that time. */
  observe(since: number): void
  deadLetter(kind: string, id: unknown, message: unknown, why: DeadLetterReason): void
  failed(kind: string, id: unknown, error: unknown): void
}

/** What the kind table does for its cells. */
export interface CellTable<Id, M> {
  readonly host: CellHost
  readonly kind: ActorKind<Id, M>
  readonly shelf: MailboxShelf<M>
  tell(id: Id, message: M, lane: Lane): Told
  remove(id: Id): void
}

export class Cell<Id, M> implements Ref<M> {
  private readonly table: CellTable<Id, M>
  private readonly id: Id
  private actor: Actor<M> | undefined
  private mailbox: Mailbox<M> | undefined
  private state: CellState
  private queued = false
  private beat: number

  constructor(table: CellTable<Id, M>, id: Id, actor: Actor<M> | undefined) {
    this.table = table
    this.id = id
    this.actor = actor
    this.mailbox = undefined
    this.state = actor === undefined ? 'cold' : 'ready'
    this.beat = table.host.beat
  }

  /** The actor, unless it is not activated yet or is ending. */
  get running(): Actor<M> | undefined {
    return this.state === 'ready' || this.state === 'busy' ? this.actor : undefined
  }

  tell(message: M, lane: Lane = 'user'): Told {
    if (this.state === 'ended') return this.table.tell(this.id, message, lane)
    if (this.state === 'ending') return this.refuse(message, 'stopped')
    const { host, kind, shelf } = this.table
    this.mailbox ??= shelf.borrow()
    if (!this.mailbox.put(message, lane, kind.mailbox, host.stamp)) return this.refuse(message, 'full')
    if (this.state === 'ready' || this.state === 'cold') this.enqueue()
    return 'accepted'
  }

  stop(): void {
    if (this.state === 'ending' || this.state === 'ended') return
    const pending = this.state === 'activating' || this.state === 'busy'
    this.state = 'ending'
    this.buryMailbox('stopped')
    if (!pending) this.end()
  }

  /** Handles what waits, up to the limit of a visit. */
  visit(): void {
    this.queued = false
    if (this.state === 'cold') this.activate()
    for (let n = 0; n < VISIT_MESSAGES && this.state === 'ready' && this.hasMessages(); n++) this.handleNext()
    if (this.mailbox?.size === 0) this.closeMailbox()
    this.proceed()
  }

  /** Passivates when `idleBeats` went by without a message and the actor agrees. */
  sweep(idleBeats: number): void {
    const { host, kind } = this.table
    if (this.state !== 'ready' || this.mailbox !== undefined || host.beat - this.beat < idleBeats) return
    this.beat = host.beat
    try {
      if (this.actor?.passivate?.() ?? true) this.stop()
    } catch (error) {
      host.failed(kind.kind, this.id, error)
    }
  }

  private hasMessages(): boolean {
    return this.mailbox !== undefined && this.mailbox.size > 0
  }

  private enqueue(): void {
    if (this.queued) return
    this.queued = true
    this.table.host.enqueue(this)
  }

  private activate(): void {
    this.state = 'activating'
    try {
      const actor = this.table.kind.activate?.(this.id, this)
      if (actor instanceof Promise) actor.then(this.activatedLater.bind(this), this.notActivated.bind(this))
      else this.activated(actor)
    } catch (error) {
      this.notActivated(error)
    }
  }

  private activated(actor: Actor<M> | undefined): void {
    this.actor = actor
    this.release()
  }

  private activatedLater(actor: Actor<M>): void {
    this.activated(actor)
    this.proceed()
  }

  private notActivated(error: unknown): void {
    this.table.host.failed(this.table.kind.kind, this.id, error)
    this.state = 'ending'
    this.buryMailbox('failed')
    this.end()
  }

  private handleNext(): void {
    const mailbox = this.mailbox as Mailbox<M>
    const message = mailbox.take()
    if (mailbox.takenSince >= 0) this.table.host.observe(mailbox.takenSince)
    this.state = 'busy'
    try {
      const pending = (this.actor as Actor<M>).receive(message)
      if (pending === undefined) this.release()
      else pending.then(this.handled.bind(this), this.fail.bind(this))
    } catch (error) {
      this.fail(error)
    }
  }

  private handled(): void {
    this.release()
    this.proceed()
  }

  /** What the cell was busy with is over. */
  private release(): void {
    this.beat = this.table.host.beat
    if (this.state === 'ending') this.end()
    else this.state = 'ready'
  }

  /** Asks for another visit when messages wait and can be handled. */
  private proceed(): void {
    if (this.state === 'ready' && this.hasMessages()) this.enqueue()
  }

  private fail(error: unknown): void {
    this.table.host.failed(this.table.kind.kind, this.id, error)
    if (this.state === 'busy') this.follow(this.verdict(error))
    else this.release()
  }

  private verdict(error: unknown): 'resume' | 'restart' | 'stop' {
    const { host, kind } = this.table
    try {
      const verdict = kind.supervise(error, this.id)
      return verdict === 'restart' && kind.activate === undefined ? 'stop' : verdict
    } catch (failure) {
      host.failed(kind.kind, this.id, failure)
      return 'stop'
    }
  }

  private follow(verdict: 'resume' | 'restart' | 'stop'): void {
    switch (verdict) {
      case 'resume':
        this.handled()
        return
      case 'restart':
        this.actor = undefined
        this.state = 'cold'
        this.enqueue()
        return
      case 'stop':
        this.stop()
        this.release()
        return
    }
  }

  private end(): void {
    this.state = 'ended'
    this.actor = undefined
    this.table.remove(this.id)
  }

  private refuse(message: M, why: 'full' | 'stopped'): Told {
    this.table.host.deadLetter(this.table.kind.kind, this.id, message, why)
    return why
  }

  private buryMailbox(why: DeadLetterReason): void {
    const { host, kind } = this.table
    while (this.mailbox !== undefined && this.mailbox.size > 0) {
      host.deadLetter(kind.kind, this.id, this.mailbox.take(), why)
    }
    this.closeMailbox()
  }

  private closeMailbox(): void {
    if (this.mailbox !== undefined) this.table.shelf.giveBack(this.mailbox)
    this.mailbox = undefined
  }
}
