/**
 * Fan-out: takes a stored entry to every node that has participants online, once per node, and on this node to their sessions. The owner's
 * side is `push`, the receiving side `deliver`; both meet in `LocalSessions`. Nothing here waits for a socket.
 */
import { copyBytes } from '../protocol/bytes.js'
import type { ConversationId, UserId } from '../protocol/ids.js'
import type { Audiences } from './audiences.js'
import type { NodeId } from './bus.js'
import type { Mark, Outlet, PushingConversation } from './outlet.js'
import { Delivery } from './delivery.js'
import type { DeliveryFields } from './delivery.js'
import type { Directory } from './directory.js'
import { encodeEnvelope } from './envelope.js'
import type { Envelope } from './envelope.js'
import type { Links } from './links.js'
import type { PendingEntry } from './pending-entry.js'
import type { AnnouncedHead } from './recent-heads.js'
import { Receipts } from './receipts.js'
import type { Clock } from './clock.js'
import type { MarkWriter } from './marks.js'

/** What the sessions of this node take. */
export interface LocalSessions {
  deliver(users: Iterable<UserId>, delivery: Delivery): void
  receipts(user: UserId, conversation: ConversationId, items: readonly Mark[]): void
  signalled(users: Iterable<UserId>, conversation: ConversationId, sender: UserId, name: string, data: Uint8Array): void
  head(users: Iterable<UserId>, head: AnnouncedHead): void
}

export interface FanOutParts {
  readonly node: NodeId
  readonly clock: Clock
  readonly directory: Directory
  readonly links: Links
  readonly audiences: Audiences
  readonly sessions: LocalSessions
  readonly marks: MarkWriter
}

/** Announced heads in one envelope: far below the size of a bus message. */
const HEADS_PART = 2_000

export class FanOut implements Outlet {
  readonly #parts: FanOutParts
  readonly #receipts: Receipts
  /** Where a user is, for as long as it takes to send there. */
  readonly #there = new Set<NodeId>()

  constructor(parts: FanOutParts) {
    this.#parts = parts
    this.#receipts = new Receipts({
      clock: parts.clock,
      send: (user, conversation, items) => this.#sendReceipts(user, conversation, items),
    })
  }

  // ── the owner's side ────────────────────────────────────────────────────────────────────────────────────────────────

  push(conversation: PushingConversation, entry: PendingEntry, prev: number): void {
    const { seq, time, kind, membershipBefore, membershipSeq, leaving, bytes } = entry
    const fields: DeliveryFields = {
      conversation: conversation.id,
      epoch: conversation.standing.epoch,
      prev,
      seq,
      time,
      kind,
      membershipBefore,
      membershipSeq,
      leaving,
      entry: bytes,
    }
    const nodes = this.#nodesOf(conversation, leaving)
    let envelope: Uint8Array | null = null
    for (const node of nodes) {
      if (node === this.#parts.node)
        this.#parts.sessions.deliver(usersOf(conversation, leaving), new Delivery(fields, entry))
      else this.#parts.links.postEncoded(node, (envelope ??= encodeEnvelope({ type: 'push', delivery: fields })))
    }
  }

  #nodesOf(conversation: PushingConversation, leaving: readonly UserId[]): ReadonlySet<NodeId> {
    const { directory } = this.#parts
    const membership = conversation.standing.membershipSeq
    const reach = (conversation.reach ??= { directory: -1, membership: -1, nodes: new Set() })
    if (reach.directory !== directory.version || reach.membership !== membership) {
      reach.nodes.clear()
      reach.directory = directory.version
      reach.membership = membership
      for (const user of conversation.standing.users()) directory.nodesOf(user, reach.nodes)
    }
    if (leaving.length === 0) return reach.nodes
    const nodes = new Set(reach.nodes)
    for (const user of leaving) directory.nodesOf(user, nodes)
    return nodes
  }

  receipt(conversation: PushingConversation, mark: Mark, before: Mark): void {
    const row = conversation.state.participants.get(mark.user)
    if (row !== undefined) this.#parts.marks.add(row, conversation.id, mark)
    this.#receipts.note(conversation, mark, before)
  }

  #sendReceipts(user: UserId, conversation: ConversationId, items: readonly Mark[]): void {
    const nodes = this.#there
    nodes.clear()
    this.#parts.directory.nodesOf(user, nodes)
    for (const node of nodes) {
      if (node === this.#parts.node) this.#parts.sessions.receipts(user, conversation, items)
      else this.#parts.links.post(node, { type: 'receipts', user, conversation, items })
    }
  }

  signal(conversation: PushingConversation, sender: UserId, name: string, data: Uint8Array): void {
    const { membershipSeq } = conversation.standing
    const envelope: Envelope = { type: 'signalled', conversation: conversation.id, membershipSeq, sender, name, data }
    let encoded: Uint8Array | null = null
    for (const node of this.#nodesOf(conversation, [])) {
      if (node === this.#parts.node)
        this.#parts.sessions.signalled(conversation.standing.users(), conversation.id, sender, name, data)
      else this.#parts.links.postEncoded(node, (encoded ??= encodeEnvelope(envelope)))
    }
  }

  announce(heads: readonly AnnouncedHead[], to: NodeId): void {
    for (let i = 0; i < heads.length; i += HEADS_PART)
      this.#parts.links.post(to, { type: 'heads', heads: heads.slice(i, i + HEADS_PART) })
  }

  /** To this node and its peers; each by its numbered link, since a broadcast may be lost unnoticed. */
  announceToAll(heads: readonly AnnouncedHead[], peers: readonly NodeId[]): void {
    for (const peer of peers) this.announce(heads, peer)
    this.takeHeads(heads)
  }

  // ── the receiving side ──────────────────────────────────────────────────────────────────────────────────────────────

  deliver(fields: DeliveryFields): void {
    // devices keep the entry until they have acknowledged it: not all that the bus brought with it
    const delivery = new Delivery({ ...fields, entry: copyBytes(fields.entry, 0, fields.entry.length) })
    const { audiences, sessions } = this.#parts
    audiences.ofDelivery(
      delivery,
      (users) => sessions.deliver(users, delivery),
      (users) => sessions.head(users, fields),
    )
  }

  takeSignal({ conversation, membershipSeq, sender, name, data }: Extract<Envelope, { type: 'signalled' }>): void {
    this.#parts.audiences.of(conversation, membershipSeq, (users) =>
      this.#parts.sessions.signalled(users, conversation, sender, name, data),
    )
  }

  takeHeads(heads: readonly AnnouncedHead[]): void {
    for (const head of heads)
      this.#parts.audiences.of(head.conversation, head.membershipSeq, (users) => this.#parts.sessions.head(users, head))
  }
}

function usersOf({ standing }: PushingConversation, leaving: readonly UserId[]): readonly UserId[] {
  const users = standing.users()
  return leaving.length === 0 ? users : [...users, ...leaving]
}
