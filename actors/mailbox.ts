/**
 * Mailbox: the messages that wait for one actor, in two lanes. A cell borrows a mailbox when its first message comes and
 * gives it back when it is empty, so an idle actor has none; a shelf keeps a few of them for the next borrower.
 */
import type { Lane } from './actor.js'
import { Fifo } from './fifo.js'

/** How many times longer the system lane is than the user lane. */
const SYSTEM_FACTOR = 4
/** A mailbox whose storage grew beyond this many messages is not kept for reuse. */
const KEPT_CAPACITY = 64
const SHELF_LENGTH = 1024

export class Mailbox<M> {
  /** When the message taken last was put, as told to `put`. */
  takenSince = 0
  private readonly user = new Fifo<M>()
  private readonly userSince = new Fifo<number>()
  private system: Fifo<M> | undefined
  private systemSince: Fifo<number> | undefined

  get size(): number {
    return this.user.size + (this.system?.size ?? 0)
  }

  /** Whether its storage is as small as a new one's, more or less. */
  get small(): boolean {
    return this.user.capacity <= KEPT_CAPACITY && (this.system?.capacity ?? 0) <= KEPT_CAPACITY
  }

  /** False when the lane holds as much as it may. `since` is a time of the caller's choice. */
  put(message: M, lane: Lane, userCapacity: number, since: number): boolean {
    const urgent = lane === 'system'
    const waiting = urgent ? (this.system ??= new Fifo()) : this.user
    if (waiting.size >= (urgent ? userCapacity * SYSTEM_FACTOR : userCapacity)) return false
    waiting.push(message)
    const times = urgent ? (this.systemSince ??= new Fifo()) : this.userSince
    times.push(since)
    return true
  }

  /** Takes the oldest message of the system lane, else of the user lane; call it only while `size` is above 0. */
  take(): M {
    const urgent = this.system !== undefined && this.system.size > 0
    this.takenSince = (urgent ? this.systemSince : this.userSince)?.shift() ?? 0
    return (urgent ? this.system : this.user)?.shift() as M
  }
}

/** Empty mailboxes of one kind of actor, kept for reuse. */
export class MailboxShelf<M> {
  private readonly spare: Mailbox<M>[] = []

  borrow(): Mailbox<M> {
    return this.spare.pop() ?? new Mailbox<M>()
  }

  giveBack(mailbox: Mailbox<M>): void {
    if (this.spare.length < SHELF_LENGTH && mailbox.small) this.spare.push(mailbox)
  }
}
