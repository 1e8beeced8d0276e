/**
 * Standing: how a conversation stands by what the journal has stored. Its state runs ahead of that by the entries on their way, which may yet
 * be lost; whoever is told something, or is sent something, is told and sent by this.
 */
import type { UserId } from '../protocol/ids.js'
import type { ConversationState } from './conversation-state.js'
import type { PendingEntry } from './pending-entry.js'
import * as spans from './spans.js'

export class Standing {
  epoch: number
  /** Seq of the newest stored entry that changed the participants. */
  membershipSeq: number
  readonly #state: ConversationState
  /** Who is in; null while no change is on its way: then the state knows. */
  #users: Set<UserId> | null = null
  /** The same as a list; null until somebody asks. */
  #list: readonly UserId[] | null = null
  #changes = 0

  constructor(state: ConversationState) {
    this.#state = state
    this.epoch = state.epoch
    this.membershipSeq = state.membershipSeq
  }

  /** Who is in as of the newest stored entry. */
  users(): readonly UserId[] {
    return (this.#list ??= this.#users === null ? presentIn(this.#state) : [...this.#users])
  }

  /** A change is about to be folded into the state. */
  expectChange(): void {
    this.#changes++
    this.#users ??= new Set(this.users())
  }

  /** The change is stored. */
  change({ epoch, membershipSeq, consequences, leaving }: PendingEntry): void {
    this.epoch = epoch
    this.membershipSeq = membershipSeq
    for (const { user } of consequences.participants) this.#users?.add(user)
    for (const user of leaving) this.#users?.delete(user)
    this.#list = null
    if (--this.#changes === 0) this.#users = null
  }

  /** Everything folded into the state is stored. */
  adopt(): void {
    this.epoch = this.#state.epoch
    this.membershipSeq = this.#state.membershipSeq
    this.#list = null
  }
}

function presentIn({ participants }: ConversationState): UserId[] {
  const present: UserId[] = []
  for (const [user, row] of participants) if (spans.isOpen(row.spans)) present.push(user)
  return present
}
