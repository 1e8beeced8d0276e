/**
 * Receipts: tells the senders of messages how far the others got with them, and a user's other devices what was read. Coalesced: the
 * marks of one conversation within a short while go to a user as one push.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import { DelayLine } from './delay-line.js'
import type { Mark, PushingConversation } from './outlet.js'

/** Milliseconds in which marks of a conversation are gathered: a person does not notice, and a sender's socket is written to less often. */
const GATHER = { delay: 200, step: 20 }
/** Entries looked at for their senders when a mark passes many at once. */
const LOOK_BACK = 32

export interface ReceiptsParts {
  readonly clock: Clock
  send(user: UserId, conversation: ConversationId, items: readonly Mark[]): void
}

export class Receipts {
  readonly #parts: ReceiptsParts
  readonly #line: DelayLine<PushingConversation>

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
    this.#line = new DelayLine(parts.clock, GATHER, (conversations) =>
      conversations.forEach((each) => this.#send(each)),
    )
  }

  /** A user's marks rose from `before` to `mark`. */
  note(conversation: PushingConversation, mark: Mark, before: Mark): void {
    if (conversation.large) return
    const to = Math.max(mark.delivered, mark.read)
    for (let seq = Math.max(firstPassed(mark, before), to - LOOK_BACK); seq <= to; seq++) {
      const entry = conversation.kept.find(seq)
      if (entry !== undefined && entry.type !== 0 && entry.sender !== mark.user)
        this.#gather(conversation, entry.sender, mark)
    }
    if (mark.read > before.read) this.#gather(conversation, mark.user, mark)
  }

  #gather(conversation: PushingConversation, to: UserId, mark: Mark): void {
    const { receipts } = conversation
    if (receipts === null) {
      conversation.receipts = [{ to, marks: [mark] }]
      this.#line.add(conversation)
    } else {
      const receipt = receipts.find((known) => known.to === to)
      if (receipt === undefined) receipts.push({ to, marks: [mark] })
      else replace(receipt.marks, mark)
    }
  }

  #send(conversation: PushingConversation): void {
    const receipts = conversation.receipts ?? []
    conversation.receipts = null
    for (const { to, marks } of receipts) this.#parts.send(to, conversation.id, marks)
  }
}

/** Seq of the first entry that the mark has newly passed. */
const firstPassed = (mark: Mark, before: Mark): number =>
  1 +
  Math.min(
    mark.delivered > before.delivered ? before.delivered : Infinity,
    mark.read > before.read ? before.read : Infinity,
  )

function replace(marks: Mark[], mark: Mark): void {
  const place = marks.findIndex(({ user }) => user === mark.user)
  if (place === -1) marks.push(mark)
  else marks[place] = mark
}
