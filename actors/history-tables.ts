/**
 * The rows of history in memory, changed in one step by each operation; what MemoryHistoryStore keeps. They can be copied and
 * put back, as a restored backup would.
 */
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import type { Entry } from '../protocol/entry.js'
import type {
  Activation,
  ArchiveBatch,
  ArchiveOutcome,
  KnownId,
  Mark,
  PageQuery,
  ShardPosition,
  StoredConversation,
  StoredListItem,
  StoredParticipant,
} from './history.js'
import type { ShardId } from './journal.js'

interface StoredEntry {
  readonly entry: Entry
  readonly epoch: number
}

interface Rows {
  shards: number | null
  positions: Map<ShardId, ShardPosition>
  conversations: Map<ConversationId, StoredConversation>
  participants: Map<ConversationId, Map<UserId, StoredParticipant>>
  lists: Map<UserId, Map<ConversationId, StoredListItem>>
  /** In rising order of seq. */
  entries: Map<ConversationId, StoredEntry[]>
}

/** A copy of everything at a moment. */
export interface HistorySnapshot {
  readonly rows: Rows
}

const NEVER: ShardPosition = { stream: '', seq: 0, epoch: 0 }

export class HistoryTables {
  #rows: Rows = {
    shards: null,
    positions: new Map(),
    conversations: new Map(),
    participants: new Map(),
    lists: new Map(),
    entries: new Map(),
  }

  snapshot(): HistorySnapshot {
    return { rows: copy(this.#rows) }
  }

  restore({ rows }: HistorySnapshot): void {
    this.#rows = copy(rows)
  }

  shards(wanted: number): number {
    this.#rows.shards ??= wanted
    return this.#rows.shards
  }

  position(shard: ShardId): ShardPosition {
    return this.#rows.positions.get(shard) ?? NEVER
  }

  activate(conversations: readonly ConversationId[], idsSince: number): Activation[] {
    return [...new Set(conversations)].flatMap((conversation) => {
      const state = this.#rows.conversations.get(conversation)
      if (state === undefined) return []
      const participants = [...(this.#rows.participants.get(conversation)?.values() ?? [])]
      const list = state.kind === 'user' ? [...(this.#rows.lists.get(conversation.slice(2))?.values() ?? [])] : []
      return [{ state, participants, list, ids: this.#idsSince(conversation, idsSince) }]
    })
  }

  archive(batch: ArchiveBatch): ArchiveOutcome {
    const position = this.position(batch.shard)
    if (position.stream !== batch.fromStream || position.seq !== batch.from) return { outcome: 'mismatch', position }
    this.#rows.positions.set(batch.shard, { stream: batch.stream, seq: batch.to, epoch: batch.epoch })
    const epochs = new Map(batch.conversations.map(({ conversation, epoch }) => [conversation, epoch]))
    for (const entry of batch.entries) this.#store(entry, epochs.get(entry.conversation) ?? batch.epoch)
    for (const state of batch.conversations) this.#converse(state)
    for (const { conversation, participant } of batch.participants) this.#takePart(conversation, participant)
    for (const { user, item, gone } of batch.list) this.#list(user, item, gone)
    return { outcome: 'archived', quarantined: 0 }
  }

  page({ conversation, from, to, limit, newest, types }: PageQuery): Entry[] {
    const found: Entry[] = []
    for (const [i, { entry, epoch }] of this.#entries(conversation).entries()) {
      if (entry.seq < from || entry.seq > to || (types.length > 0 && !types.includes(entry.type))) continue
      if (!this.#superseded(conversation, i, entry.seq, epoch)) found.push(entry)
    }
    return newest ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit)
  }

  findId(conversation: ConversationId, sender: UserId, id: MessageId): KnownId | null {
    const found = this.#entries(conversation).findLast(({ entry }) => entry.id === id && entry.sender === sender)
    return found === undefined ? null : known(found)
  }

  mark({ conversation, user, delivered, read }: Mark): void {
    const old = this.#rows.participants.get(conversation)?.get(user)
    if (old !== undefined) this.#takePart(conversation, { ...old, delivered, read })
  }

  #entries(conversation: ConversationId): StoredEntry[] {
    return this.#rows.entries.get(conversation) ?? []
  }

  #idsSince(conversation: ConversationId, since: number): KnownId[] {
    const all = this.#entries(conversation)
    const older = all.findLastIndex(({ entry }) => entry.time < since)
    return all.slice(older + 1).flatMap((stored) => (stored.entry.id === '' ? [] : [known(stored)]))
  }

  #store(entry: Entry, epoch: number): void {
    const all = this.#rows.entries.get(entry.conversation) ?? []
    this.#rows.entries.set(entry.conversation, all)
    const before = all.findLastIndex((other) => other.entry.seq <= entry.seq)
    for (let i = before; all[i]?.entry.seq === entry.seq; i--) if (all[i]?.entry.time === entry.time) return
    all.splice(before + 1, 0, { entry, epoch })
  }

  /** Whether the same seq exists in a newer epoch. Entries of one seq lie side by side. */
  #superseded(conversation: ConversationId, at: number, seq: number, epoch: number): boolean {
    const all = this.#entries(conversation)
    return [all[at - 1], all[at + 1]].some((other) => other?.entry.seq === seq && other.epoch > epoch)
  }

  #converse(state: StoredConversation): void {
    const old = this.#rows.conversations.get(state.conversation)
    const back = old !== undefined && (old.epoch > state.epoch || (old.epoch === state.epoch && old.head > state.head))
    if (!back) this.#rows.conversations.set(state.conversation, state)
  }

  #takePart(conversation: ConversationId, participant: StoredParticipant): void {
    const all = this.#rows.participants.get(conversation) ?? new Map<UserId, StoredParticipant>()
    this.#rows.participants.set(conversation, all)
    const old = all.get(participant.user)
    const delivered = Math.max(old?.delivered ?? 0, participant.delivered)
    all.set(participant.user, { ...participant, delivered, read: Math.max(old?.read ?? 0, participant.read) })
  }

  #list(user: UserId, item: StoredListItem, gone: boolean): void {
    const all = this.#rows.lists.get(user) ?? new Map<ConversationId, StoredListItem>()
    this.#rows.lists.set(user, all)
    if (gone) all.delete(item.conversation)
    else all.set(item.conversation, item)
  }
}

const known = ({ entry: { sender, id, seq, time }, epoch }: StoredEntry): KnownId => ({ sender, id, seq, epoch, time })

/** Rows themselves are never changed, so maps and lists are all that is copied. */
function copy(rows: Rows): Rows {
  return {
    shards: rows.shards,
    positions: new Map(rows.positions),
    conversations: new Map(rows.conversations),
    participants: copyInner(rows.participants),
    lists: copyInner(rows.lists),
    entries: new Map([...rows.entries].map(([id, entries]) => [id, [...entries]])),
  }
}

function copyInner<A, B, C>(maps: Map<A, Map<B, C>>): Map<A, Map<B, C>> {
  return new Map([...maps].map(([key, inner]) => [key, new Map(inner)]))
}
