/**
 * Receipts: tells the senders of messages how far the others got with them, and a user's other devices what was read. Coalesced: the
 * marks of one conversation within a short while go to a user as one push.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { Conversation, Mark } from './conversation.js'

/** Milliseconds in which marks are gathered: a person does not notice, and a sender's socket is written to less often. */
const GATHER_MS = 200
/** Entries looked at for their senders when a mark passes many at once. */
const LOOK_BACK = 32

export interface ReceiptsParts {
  readonly clock: Clock
  send(user: UserId, conversation: ConversationId, items: readonly Mark[]): void
}

type Gathered = Map<UserId, Mark>

export class Receipts {
  readonly #parts: ReceiptsParts
  #gathered = new Map<ConversationId, Map<UserId, Gathered>>()

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
  }

  /** A user's marks rose from `before` to `mark`. */
  note(conversation: Conversation, mark: Mark, before: Mark): void {
    if (conversation.large) return
    const idle = this.#gathered.size === 0
    for (const sender of sendersBetween(conversation, mark, before))
      if (sender !== mark.user) gather(this.#gathered, conversation.id, sender, mark)
    if (mark.read > before.read) gather(this.#gathered, conversation.id, mark.user, mark)
    if (idle && this.#gathered.size > 0) this.#parts.clock.after(GATHER_MS, () => this.#send())
  }

  #send(): void {
    const ready = this.#gathered
    this.#gathered = new Map()
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
  if (users === undefined) all.set(conversation, (users = new Map<UserId, Gathered>()))
  let marks = users.get(to)
  if (marks === undefined) users.set(to, (marks = new Map<UserId, Mark>()))
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
