/**
 * Actor: state that handles one message at a time, addressed by kind and id. This file is the contract between those who
 * write actors (sessions, conversations) and the runtime in actor-system.ts; it knows no sockets, no bus and no store.
 * A message given to an actor is handled at most once. One told in vain is answered at once ('full', 'stopped') and is a
 * dead letter; one that waits while its actor ends is a dead letter.
 */

/** Messages of the system lane are handled before those of the user lane. Within a lane the order of telling holds. */
export type Lane = 'system' | 'user'

/** Answer to a tell: 'full' and 'stopped' mean that the message was not taken (it is a dead letter). */
export type Told = 'accepted' | 'full' | 'stopped'

export interface Actor<M> {
  /** Handles one message; while the promise it may return is pending no other message is given to it. */
  receive(message: M): void | Promise<void>
  /**
   * Asked when idle for the kind's `idle` time: true lets the runtime passivate it (then nothing refers to it any more),
   * false means to ask again after the same time. Without this method an idle actor is passivated unasked.
   */
  passivate?(): boolean
}

/** The address of an actor; it stays good when the actor is passivated and activated again. */
export interface Ref<M> {
  tell(message: M, lane?: Lane): Told
  /** Ends the actor at once, or when the message it is handling is done. Messages that wait become dead letters. */
  stop(): void
}

export interface ActorKind<Id, M> {
  readonly kind: string
  /** Capacity of the user lane; the system lane is four times as long. */
  readonly mailbox: number
  /** Milliseconds without a message after which an actor is asked to passivate; 0 never. */
  readonly idle: number
  /**
   * Makes the actor when its first message arrives; messages wait in the mailbox until it resolves; a rejection
   * dead-letters them. A kind without it has only spawned actors: a tell to any other id answers 'stopped'.
   */
  activate?(id: Id, ref: Ref<M>): Actor<M> | Promise<Actor<M>>
  /**
   * What happens after `receive` threw (its message is gone): go on, begin afresh (activate again, mailbox kept), or end.
   * A kind without `activate` ends instead of beginning afresh.
   */
  supervise(error: unknown, id: Id): 'resume' | 'restart' | 'stop'
}
