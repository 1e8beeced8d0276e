/**
 * The state of one conversation as a fold over its entries: who takes part in which role, what each may see, how far it came.
 * Pure: `apply` is the only way it changes, used alike for a new entry, for entries read back from the journal, and in tests.
 * conversation.ts decides which entries are made; history.ts stores the rows that come out.
 */
import { ENTRY_KIND } from '../protocol/entry.js'
import type { Entry, Role } from '../protocol/entry.js'
import { conversationKind, directUsers } from '../protocol/ids.js'
import type { ConversationId, ConversationKind, UserId } from '../protocol/ids.js'
import type { Activation, StoredConversation, StoredListItem, StoredParticipant } from './history.js'
import * as spans from './spans.js'

export interface Participant {
  role: Role
  /** See spans.ts. */
  spans: number[]
  delivered: number
  read: number
}

/** What `extra` of a change entry may hold; each kind uses some of it (protocol/entry.ts). */
export interface ChangeDetail {
  readonly participants?: Readonly<Record<UserId, Role>>
  readonly users?: readonly UserId[]
  readonly title?: string
  readonly open?: boolean
  readonly conversation?: ConversationId
  readonly epoch?: number
  readonly seq?: number
}

/** What an entry needs to be folded in; `Entry` has it all, the owner's own new entries are folded before they are encoded. */
export type Folded = Pick<Entry, 'kind' | 'seq' | 'ordinal' | 'time' | 'sender'>

export class ConversationState {
  readonly conversation: ConversationId
  readonly kind: ConversationKind
  epoch = 0
  head = 0
  ordinal = 0
  membershipSeq = 0
  time = 0
  title = ''
  open = false
  creator: UserId = ''
  readonly participants = new Map<UserId, Participant>()
  /** Of `u:<user>`: the conversations the user is in. */
  readonly list = new Map<ConversationId, StoredListItem>()

  constructor(conversation: ConversationId) {
    this.conversation = conversation
    this.kind = conversationKind(conversation) ?? 'group'
    for (const user of this.#givenUsers()) this.participants.set(user, participant('member', [1]))
  }

  /** One-to-one and user conversations need no entry to exist: their id names their participants. */
  #givenUsers(): readonly UserId[] {
    if (this.kind === 'direct') return directUsers(this.conversation)
    return this.kind === 'user' ? [this.conversation.slice(2)] : []
  }

  /** Whether it may be used: groups and rooms only after they were created. */
  get exists(): boolean {
    return this.head > 0 || this.kind === 'direct' || this.kind === 'user'
  }

  /** Takes what history holds; entries after it are applied on top. */
  load(stored: Activation): void {
    const { state } = stored
    this.epoch = state.epoch
    this.head = state.head
    this.ordinal = state.ordinal
    this.membershipSeq = state.membershipSeq
    this.time = state.time
    this.title = state.title
    this.open = state.open
    this.creator = state.creator
    for (const row of stored.participants)
      this.participants.set(row.user, {
        role: row.role,
        spans: [...row.spans],
        delivered: row.delivered,
        read: row.read,
      })
    for (const item of stored.list) this.list.set(item.conversation, item)
  }

  /** Folds the next entry in; one that is folded already is ignored. The users whose rows changed come back. */
  apply(entry: Folded, detail: ChangeDetail): readonly UserId[] {
    if (entry.seq <= this.head) return []
    const first = this.head === 0
    this.head = entry.seq
    this.ordinal = entry.ordinal
    this.time = entry.time
    const changed = this.#change(entry, detail)
    return first ? [...new Set([...this.#givenUsers(), ...changed])] : changed
  }

  #change(entry: Folded, detail: ChangeDetail): readonly UserId[] {
    switch (entry.kind) {
      case ENTRY_KIND.created:
        this.title = detail.title ?? ''
        this.open = detail.open ?? false
        this.creator = entry.sender
        return this.#enter(entry.seq, detail.participants ?? {})
      case ENTRY_KIND.joined:
        return this.#enter(entry.seq, detail.participants ?? {})
      case ENTRY_KIND.left:
      case ENTRY_KIND.removed:
        return this.#exit(entry.seq, detail.users ?? [])
      case ENTRY_KIND.role:
        return this.#setRoles(entry.seq, detail.participants ?? {})
      case ENTRY_KIND.renamed:
        this.title = detail.title ?? ''
        return []
      case ENTRY_KIND.entered:
      case ENTRY_KIND.exited:
        this.#enlist(entry.kind === ENTRY_KIND.entered, detail)
        return []
      case ENTRY_KIND.epoch:
        this.epoch = Math.max(this.epoch, detail.epoch ?? 0)
        return []
      default:
        return []
    }
  }

  #enter(seq: number, roles: Readonly<Record<UserId, Role>>): readonly UserId[] {
    this.membershipSeq = seq
    const users = Object.keys(roles)
    for (const user of users) {
      const row = this.participants.get(user)
      if (row === undefined) this.participants.set(user, participant(roles[user] ?? 'member', [seq]))
      else {
        row.role = roles[user] ?? 'member'
        row.spans = spans.opened(row.spans, seq)
      }
    }
    return users
  }

  #exit(seq: number, users: readonly UserId[]): readonly UserId[] {
    this.membershipSeq = seq
    for (const user of users) {
      const row = this.participants.get(user)
      if (row !== undefined) row.spans = spans.closed(row.spans, seq)
    }
    return users
  }

  #setRoles(seq: number, roles: Readonly<Record<UserId, Role>>): readonly UserId[] {
    this.membershipSeq = seq
    const users = Object.keys(roles)
    for (const user of users) {
      const row = this.participants.get(user)
      if (row === undefined) continue
      row.role = roles[user] ?? row.role
      if (row.role === 'banned') row.spans = spans.closed(row.spans, seq)
    }
    return users
  }

  #enlist(entered: boolean, detail: ChangeDetail): void {
    const conversation = detail.conversation ?? ''
    if (entered) this.list.set(conversation, { conversation, since: detail.seq ?? 0, epoch: detail.epoch ?? 0 })
    else this.list.delete(conversation)
  }

  /** The participant who is in now; undefined for others, also for those who left. */
  present(user: UserId): Participant | undefined {
    const row = this.participants.get(user)
    return row !== undefined && spans.isOpen(row.spans) ? row : undefined
  }

  /** Raises the marks of a participant; the answer says whether anything rose. */
  mark(row: Participant, delivered: number, read: number): boolean {
    const ceiling = this.head
    const newRead = Math.min(Math.max(row.read, read), ceiling)
    const newDelivered = Math.min(Math.max(row.delivered, delivered, newRead), ceiling)
    if (newRead === row.read && newDelivered === row.delivered) return false
    row.read = newRead
    row.delivered = newDelivered
    return true
  }

  storedParticipant(user: UserId): StoredParticipant | undefined {
    const row = this.participants.get(user)
    return row && { user, role: row.role, spans: [...row.spans], delivered: row.delivered, read: row.read }
  }

  /** The row as of an entry already folded in. */
  stored(entry: Folded): StoredConversation {
    const { conversation, kind, epoch, title, open, creator } = this
    const membershipSeq = Math.min(this.membershipSeq, entry.seq)
    return {
      conversation,
      kind,
      epoch,
      head: entry.seq,
      ordinal: entry.ordinal,
      membershipSeq,
      time: entry.time,
      title,
      open,
      creator,
    }
  }
}

const participant = (role: Role, since: number[]): Participant => ({ role, spans: since, delivered: 0, read: 0 })
