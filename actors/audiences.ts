/**
 * Audiences: which users of this node a conversation's pushes are for. One-to-one conversations name their users; of the others a node
 * keeps the participants as of a membership seq, asked from the owner when a push shows that it has not got them, and moved
 * along by the changes that are pushed. Pushes wait meanwhile, in order.
 */
import { decodeEntry } from '../protocol/entry-codec.js'
import { conversationKind, directUsers } from '../protocol/ids.js'
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { AudienceAnswer, OwnerReply } from './command.js'
import type { ChangeDetail } from './conversation-state.js'
import type { Delivery } from './delivery.js'
import { ENTRY_KIND } from '../protocol/entry.js'

type Give = (users: Iterable<UserId>) => void

/** What waits for an audience. */
interface Waiting {
  readonly membershipSeq: number
  /** Called when the participants are known as of `membershipSeq`. */
  readonly give: Give
  /** Called when they are known as of another one: then some of them may not be meant. */
  readonly otherwise: Give
}

interface Audience {
  membershipSeq: number
  readonly users: Set<UserId>
}

interface Asking {
  readonly waiting: Waiting[]
}

/** Conversations whose participants are kept; the ones unused for longest go first. */
const KEPT = 50_000
const WAITING = 10_000
const ASK_AGAIN_MS = 500

export interface AudiencesParts {
  readonly clock: Clock
  /** Asks the owner for the participants. */
  ask(conversation: ConversationId): Promise<OwnerReply>
}

export class Audiences {
  readonly #parts: AudiencesParts
  readonly #known = new Map<ConversationId, Audience>()
  readonly #asking = new Map<ConversationId, Asking>()

  constructor(parts: AudiencesParts) {
    this.#parts = parts
  }

  /**
   * Calls `give` with the users that a delivery from another node is for, at once or when the owner has answered. When the participants have
   * changed meanwhile it calls `otherwise`: who came in since must not see the entry, so the devices ask the owner.
   */
  ofDelivery(delivery: Delivery, give: Give, otherwise: Give): void {
    const { conversation, membershipBefore, membershipSeq, leaving } = delivery.fields
    const named = namedUsers(conversation)
    if (named !== null) {
      give(named)
      return
    }
    const known = this.#known.get(conversation)
    if (known !== undefined && known.membershipSeq === membershipBefore && membershipSeq > membershipBefore)
      this.#follow(known, delivery)
    const leavingToo = (task: Give): Give =>
      leaving.length === 0 ? task : (users) => task(new Set([...users, ...leaving]))
    this.#wait(conversation, { membershipSeq, give: leavingToo(give), otherwise: leavingToo(otherwise) })
  }

  /** The same for what has no entry: signals and announced heads. As with a delivery, `membershipSeq` is what it needs to know at least. */
  of(conversation: ConversationId, membershipSeq: number, give: Give): void {
    const named = namedUsers(conversation)
    if (named !== null) give(named)
    else this.#wait(conversation, { membershipSeq, give, otherwise: give })
  }

  #wait(conversation: ConversationId, waiting: Waiting): void {
    const asking = this.#asking.get(conversation)
    if (asking !== undefined) {
      if (asking.waiting.length < WAITING) asking.waiting.push(waiting)
      return
    }
    const known = this.#known.get(conversation)
    if (known !== undefined && known.membershipSeq >= waiting.membershipSeq) {
      hand(known, waiting)
      return
    }
    this.#asking.set(conversation, { waiting: [waiting] })
    this.#ask(conversation)
  }

  #ask(conversation: ConversationId): void {
    void this.#parts.ask(conversation).then((reply) => {
      if (reply.frame === 'audienceList') this.#answered(conversation, reply)
      else if (reply.frame === 'error' && reply.error !== 'no-such-conversation') this.#askLater(conversation)
      else this.#asking.delete(conversation)
    })
  }

  #askLater(conversation: ConversationId): void {
    this.#parts.clock.after(ASK_AGAIN_MS, () => this.#ask(conversation))
  }

  #answered(conversation: ConversationId, { membershipSeq, users }: AudienceAnswer): void {
    const audience = { membershipSeq, users: new Set(users) }
    this.#keep(conversation, audience)
    const waiting = this.#asking.get(conversation)?.waiting ?? []
    this.#asking.delete(conversation)
    for (const one of waiting) hand(audience, one)
  }

  #keep(conversation: ConversationId, audience: Audience): void {
    this.#known.delete(conversation)
    this.#known.set(conversation, audience)
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value ?? '')
  }

  #follow(known: Audience, delivery: Delivery): void {
    const { extra } = decodeEntry(delivery.fields.entry)
    const detail = extra === null ? {} : (JSON.parse(extra) as ChangeDetail)
    const { kind, leaving, membershipSeq } = delivery.fields
    if (kind === ENTRY_KIND.created || kind === ENTRY_KIND.joined)
      for (const user of Object.keys(detail.participants ?? {})) known.users.add(user)
    for (const user of leaving) known.users.delete(user)
    known.membershipSeq = membershipSeq
  }
}

function hand({ membershipSeq, users }: Audience, { membershipSeq: wanted, give, otherwise }: Waiting): void {
  if (membershipSeq === wanted) give(users)
  else otherwise(users)
}

/** The users that the id itself names; null when only the owner knows. */
function namedUsers(conversation: ConversationId): readonly UserId[] | null {
  switch (conversationKind(conversation)) {
    case 'direct':
      return directUsers(conversation)
    case 'user':
      return [conversation.slice(2)]
    case 'group':
    case 'room':
    case undefined:
      return null
  }
}
