/**
 * Receipts: tells the senders of messages how far the others got with them, and a user's other devices what was read. Coalesced: the
 * marks of one conversation within a short while go to a user as one push.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import type { Mark, PushingConversation } from './outlet.js'

/** Milliseconds in which marks are gathered: a person does not notice, and a sender's socket is written to less often. */
const GATHER_MS = 200
/** Entries looked at for their senders when a mark passes many at once. */
const LOOK_BACK = 32

export interface ReceiptsParts {
  readonly clock: Clock
  send(user: UserId, conversation: ConversationId, items: readonly Mark[]): void
}

/** What one user is about to be told of a conversation: the newest mark of each of the others. */
interface Receipt {
  readonly to: UserId
  readonly marks: Mark[]
}

export class Receipts {
  readonly #parts: ReceiptsParts
  #gathered = new Map<PushingConversation, Receipt[]>()

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
  }

  /** A user's marks rose from `before` to `mark`. */
  note(conversation: PushingConversation, mark: Mark, before: Mark): void {
    if (conversation.large) return
    const idle = this.#gathered.size === 0
    const to = Math.max(mark.delivered, mark.read)
    for (let seq = Math.max(firstPassed(mark, before), to - LOOK_BACK); seq <= to; seq++) {
      const entry = conversation.kept.find(seq)
      if (entry !== undefined && entry.type !== 0 && entry.sender !== mark.user)
        this.#gather(conversation, entry.sender, mark)
    }
    if (mark.read > before.read) this.#gather(conversation, mark.user, mark)
    if (idle && this.#gathered.size > 0) this.#parts.clock.after(GATHER_MS, () => this.#send())
  }

  #gather(conversation: PushingConversation, to: UserId, mark: Mark): void {
    const receipts = this.#gathered.get(conversation)
    if (receipts === undefined) this.#gathered.set(conversation, [{ to, marks: [mark] }])
    else {
      const receipt = receipts.find((known) => known.to === to)
      if (receipt === undefined) receipts.push({ to, marks: [mark] })
      else replace(receipt.marks, mark)
    }
  }

  #send(): void {
    const ready = this.#gathered
    this.#gathered = new Map()
    for (const [conversation, receipts] of ready)
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
