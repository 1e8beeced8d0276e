/**
 * Mark relay: what devices of this node received and read, on its way to the owners of the conversations. For owners elsewhere it is gathered for a
 * moment: every delivery is confirmed by a mark, and as many bus messages would cost more than the deliveries.
 */
import type { NodeId } from './bus.js'
import type { Clock } from './clock.js'
import type { ConversationMark, Envelope } from './envelope.js'
import type { ConversationId } from '../protocol/ids.js'

export interface MarkRelayParts {
  readonly node: NodeId
  readonly clock: Clock
  /** Null while nobody owns the conversation. */
  ownerOf(conversation: ConversationId): NodeId | null
  /** For a conversation of this node. */
  take(mark: ConversationMark): void
  post(to: NodeId, envelope: Envelope): void
}

/** A person does not notice; receipts are gathered for as long again by the owner. */
const GATHER_MS = 100

export class MarkRelay {
  readonly #parts: MarkRelayParts
  #gathered: ConversationMark[] = []

  constructor(parts: MarkRelayParts) {
    this.#parts = parts
  }

  /** A mark that does not reach an owner is repeated by its device when it resumes. */
  add(mark: ConversationMark): void {
    if (this.#parts.ownerOf(mark.conversation) === this.#parts.node) this.#parts.take(mark)
    else if (this.#gathered.push(mark) === 1) this.#parts.clock.after(GATHER_MS, () => this.#send())
  }

  #send(): void {
    const gathered = this.#gathered
    this.#gathered = []
    const byOwner = new Map<NodeId, ConversationMark[]>()
    for (const mark of gathered) {
      const owner = this.#parts.ownerOf(mark.conversation)
      const marks = owner === null ? undefined : byOwner.get(owner)
      if (marks !== undefined) marks.push(mark)
      else if (owner === this.#parts.node) this.#parts.take(mark)
      else if (owner !== null) byOwner.set(owner, [mark])
    }
    for (const [owner, marks] of byOwner) this.#parts.post(owner, { type: 'marks', marks })
  }
}
