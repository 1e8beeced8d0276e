/**
 * Receipts: tells the senders of messages how far the others got with them, and a user's other devices what was read. Coalesced: the
 * marks of one conversation within a short while go to a user as one push.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { Conversation, Mark } from './conversation.js'

/** Milliseconds in which the marks of a group are gathered; one-to-one conversations do not wait. */
const GATHER_MS = 250
/** Entries looked at for their senders when a mark passes many at once. */
const LOOK_BACK = 32

export interface ReceiptsParts {
  readonly clock: Clock
  send(user: UserId, conversation: ConversationId, items: readonly Mark[]): void
}

type Gathered = Map<UserId, Mark>

export class Receipts {
  readonly #parts: ReceiptsParts
  #direct = new Map<ConversationId, Map<UserId, Gathered>>()
  #grouped = new Map<ConversationId, Map<UserId, Gathered>>()
  #timer = false

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
  }

  /** A user's marks rose from `before` to `mark`. */
  note(conversation: Conversation, mark: Mark, before: Mark): void {
    if (conversation.large) return
    const direct = conversation.state.kind === 'direct'
    const gathered = direct ? this.#direct : this.#grouped
    for (const sender of sendersBetween(conversation, mark, before))
      if (sender !== mark.user) gather(gathered, conversation.id, sender, mark)
    if (mark.read > before.read) gather(gathered, conversation.id, mark.user, mark)
    if (!direct && !this.#timer && this.#grouped.size > 0) this.#startTimer()
  }

  /** At the end of a turn: what does not wait goes out. */
  flush(): void {
    if (this.#direct.size === 0) return
    const ready = this.#direct
    this.#direct = new Map()
    this.#send(ready)
  }

  #startTimer(): void {
    this.#timer = true
    this.#parts.clock.after(GATHER_MS, () => {
      this.#timer = false
      const ready = this.#grouped
      this.#grouped = new Map()
      this.#send(ready)
    })
  }

  #send(ready: Map<ConversationId, Map<UserId, Gathered>>): void {
    for (const [conversation, users] of ready)
      for (const [user, marks] of users) this.#parts.send(user, conversation, [...marks.values()])
  }
}

function gather(
  all: Map<ConversationId, Map<UserId, Gathered>>,
  conversation: ConversationId,
  to: UserId,
  mark: Mark,
): void {
  let users = all.get(conversation)
  if (users === undefined) all.set(conversation, (users = new Map()))
  let marks = users.get(to)
  if (marks === undefined) users.set(to, (marks = new Map()))
  marks.set(mark.user, mark)
}

/** Who wrote what the mark has newly passed, as far as it is in memory. */
function sendersBetween(conversation: Conversation, mark: Mark, before: Mark): Set<UserId> {
  const senders = new Set<UserId>()
  const from = Math.min(
    mark.delivered > before.delivered ? before.delivered : Infinity,
    mark.read > before.read ? before.read : Infinity,
  )
  const to = Math.max(mark.delivered, mark.read)
  for (const entry of conversation.kept.range(Math.max(from + 1, to - LOOK_BACK), to))
    if (entry.type !== 0) senders.add(entry.sender)
  return senders
}
