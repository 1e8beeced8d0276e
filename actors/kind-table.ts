/**
 * Kind table: all actors of one kind, by id. It makes a cell when the first message for an id comes and walks its cells,
 * a slice at a time, for idle ones. The actor system is on one side, the cells on the other.
 */
import type { Actor, ActorKind, Lane, Ref, Told } from './actor.js'
import { Cell, type CellHost, type CellTable } from './cell.js'
import { MailboxShelf } from './mailbox.js'

/** Cells looked at in one step of the sweep, at most. */
const SLICE_CELLS = 1000
/** A walk over all cells takes this part of the idle time, when the slice allows. */
const WALK_PART = 1 / 4

export class KindTable<Id, M> implements CellTable<Id, M> {
  readonly host: CellHost
  readonly kind: ActorKind<Id, M>
  readonly shelf = new MailboxShelf<M>()
  private readonly cells = new Map<Id, Cell<Id, M>>()
  /** Where the sweep stands. A Map's iterator stays good while entries come and go. */
  private walk: Iterator<Cell<Id, M>> = this.cells.values()

  constructor(host: CellHost, kind: ActorKind<Id, M>) {
    this.host = host
    this.kind = kind
  }

  get size(): number {
    return this.cells.size
  }

  tell(id: Id, message: M, lane: Lane = 'user'): Told {
    const cell = this.cells.get(id)
    if (cell !== undefined) return cell.tell(message, lane)
    if (this.kind.activate !== undefined && this.host.open) return this.add(id, undefined).tell(message, lane)
    this.host.deadLetter(this.kind.kind, id, message, 'stopped')
    return 'stopped'
  }

  ref(id: Id): Ref<M> {
    return { tell: (message, lane) => this.tell(id, message, lane), stop: () => this.stop(id) }
  }

  spawn(id: Id, actor: Actor<M>): Ref<M> {
    if (this.cells.has(id)) throw new Error(`there is a ${this.kind.kind} actor ${String(id)} already`)
    return this.add(id, actor)
  }

  get(id: Id): Actor<M> | undefined {
    return this.cells.get(id)?.running
  }

  each(task: (actor: Actor<M>, id: Id) => void): void {
    for (const [id, cell] of this.cells) {
      const actor = cell.running
      if (actor !== undefined) task(actor, id)
    }
  }

  *actors(): Iterable<Actor<M>> {
    for (const cell of this.cells.values()) {
      const actor = cell.running
      if (actor !== undefined) yield actor
    }
  }

  stop(id: Id): void {
    this.cells.get(id)?.stop()
  }

  stopAll(): void {
    for (const cell of this.cells.values()) cell.stop()
  }

  remove(id: Id): void {
    this.cells.delete(id)
  }

  /** One step of the sweep; `stepMs` is the time between two steps. False when there is nothing to walk. */
  sweep(stepMs: number): boolean {
    if (this.kind.idle === 0 || this.size === 0) return false
    const idleBeats = Math.ceil(this.kind.idle / stepMs)
    const slice = Math.min(SLICE_CELLS, Math.ceil((this.size * stepMs) / (this.kind.idle * WALK_PART)), this.size)
    for (let i = 0; i < slice; i++) this.nextCell()?.sweep(idleBeats)
    return this.size > 0
  }

  private add(id: Id, actor: Actor<M> | undefined): Cell<Id, M> {
    const cell = new Cell(this, id, actor)
    this.cells.set(id, cell)
    if (this.kind.idle > 0) this.host.startSweep()
    return cell
  }

  private nextCell(): Cell<Id, M> | undefined {
    const next = this.walk.next()
    if (next.done !== true) return next.value
    this.walk = this.cells.values()
    return this.walk.next().value as Cell<Id, M> | undefined
  }
}
