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
  /** When the message taken last was put, if it was the sample, else -1. */
  takenSince = -1
  private readonly user = new Fifo<M>()
  private system: Fifo<M> | undefined
  /** One message of the user lane at a time is timed, the sample: how many are before it (-1 none), and since when it waits. */
  private beforeSample = -1
  private sampleSince = 0

  get size(): number {
    return this.user.size + (this.system?.size ?? 0)
  }

  /** Whether its storage is as small as a new one's, more or less. */
  get small(): boolean {
    return this.user.capacity <= KEPT_CAPACITY && (this.system?.capacity ?? 0) <= KEPT_CAPACITY
  }

  /** False when the lane holds as much as it may. `now` is asked when the message may become the sample; a negative one declines. */
  put(message: M, lane: Lane, userCapacity: number, now: () => number): boolean {
    if (lane === 'system') return this.putUrgent(message, userCapacity * SYSTEM_FACTOR)
    if (this.user.size >= userCapacity) return false
    if (this.beforeSample < 0) this.sample(now())
    this.user.push(message)
    return true
  }

  /** Takes the oldest message of the system lane, else of the user lane; call it only while `size` is above 0. */
  take(): M {
    const urgent = this.system !== undefined && this.system.size > 0
    this.takenSince = !urgent && this.beforeSample === 0 ? this.sampleSince : -1
    if (!urgent && this.beforeSample >= 0) this.beforeSample--
    return (urgent ? this.system : this.user)?.shift() as M
  }

  private putUrgent(message: M, capacity: number): boolean {
    this.system ??= new Fifo()
    if (this.system.size >= capacity) return false
    this.system.push(message)
    return true
  }

  private sample(now: number): void {
    if (now < 0) return
    this.beforeSample = this.user.size
    this.sampleSince = now
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
