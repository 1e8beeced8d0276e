/**
 * Truth: what the journal stored, noted at the moment of storing, whoever learnt of it. Each record is held against the rules of the fence
 * at once; the checker holds devices and history against the entries.
 */
import { decodeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Entry } from '../../protocol/entry.js'
import { directUsers } from '../../protocol/ids.js'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import type { ChangeDetail } from '../conversation-state.js'
import type { ShardId } from '../journal.js'
import type { View } from '../membership.js'
import { decodeRecord } from '../record.js'
import type { JournalRecord } from '../record.js'

export interface TrueEntry {
  readonly epoch: number
  readonly entry: Entry
  readonly bytes: Uint8Array
}

export interface TruthParts {
  /** A view that was accepted. */
  readonly viewOf: (number: number) => View | undefined
  readonly violation: (text: string) => void
}

export class Truth {
  /** By conversation, in the order of storing. */
  readonly conversations = new Map<ConversationId, TrueEntry[]>()
  /** The number of each shard's newest record with entries. */
  readonly lastEntries = new Map<ShardId, number>()
  readonly #parts: TruthParts
  readonly #last = new Map<ShardId, { readonly seq: number; readonly record: JournalRecord }>()
  readonly #places = new Map<string, Uint8Array>()

  constructor(parts: TruthParts) {
    this.#parts = parts
  }

  stored(shard: ShardId, seq: number, bytes: Uint8Array): void {
    const record = decodeRecord(bytes)
    this.#checkOwner(shard, record)
    this.#last.set(shard, { seq, record })
    if (record.entries.length > 0) this.lastEntries.set(shard, seq)
    for (const entry of record.entries) this.#take(record.epoch, entry)
  }

  /** Records of every shard are gone: what is stored next may follow an older one. */
  forgetOrder(): void {
    this.#last.clear()
  }

  /** Rule 2: who writes owns the shard in the view it names, and nobody writes after a newer owner. */
  #checkOwner(shard: ShardId, { view, node, incarnation }: JournalRecord): void {
    const { viewOf, violation } = this.#parts
    const before = this.#last.get(shard)?.record
    if (before !== undefined && before.view > view)
      violation(
        `shard ${String(shard)}: ${node} stored with view ${String(view)} after ${before.node} with ${String(before.view)}`,
      )
    const known = viewOf(view)
    const owner = known?.members[known.owners[shard] ?? -1]
    if (owner?.node !== node || owner.incarnation !== incarnation)
      violation(
        `shard ${String(shard)}: ${node} stored, but view ${String(view)} gives it to ${owner?.node ?? 'nobody'}`,
      )
  }

  #take(recordEpoch: number, bytes: Uint8Array): void {
    const entry = decodeEntry(bytes)
    const told = this.conversations.get(entry.conversation) ?? []
    this.conversations.set(entry.conversation, told)
    const begun = entry.kind === ENTRY_KIND.epoch ? (detailOf(entry).epoch ?? 0) : 0
    const epoch = Math.max(recordEpoch, told.at(-1)?.epoch ?? 0, begun)
    this.#checkPlace(entry, epoch, bytes)
    told.push({ epoch, entry, bytes })
  }

  /** Promise 2: one entry at one place, each after the one before it. */
  #checkPlace({ conversation, seq }: Entry, epoch: number, bytes: Uint8Array): void {
    const place = `${conversation} ${String(epoch)}/${String(seq)}`
    if (this.#places.has(place)) this.#parts.violation(`two entries were stored at ${place}`)
    this.#places.set(place, bytes)
    const before = this.conversations.get(conversation)?.at(-1)
    if (before !== undefined && before.epoch === epoch && before.entry.seq + 1 !== seq)
      this.#parts.violation(`${place} was stored after seq ${String(before.entry.seq)}`)
  }

  /** The entries of a conversation that a user may see: an account of its own, apart from the server's. */
  visibleTo(user: UserId, conversation: ConversationId): TrueEntry[] {
    let isIn = givenUsers(conversation).includes(user)
    const visible: TrueEntry[] = []
    for (const told of this.conversations.get(conversation) ?? []) {
      const wasIn = isIn
      isIn = isInAfter(told.entry, user, wasIn)
      if (wasIn || isIn) visible.push(told)
    }
    return visible
  }

  /** Whether the user takes part at the end. */
  isIn(user: UserId, conversation: ConversationId): boolean {
    const told = this.conversations.get(conversation) ?? []
    return told.reduce((isIn, { entry }) => isInAfter(entry, user, isIn), givenUsers(conversation).includes(user))
  }
}

function isInAfter(entry: Entry, user: UserId, isIn: boolean): boolean {
  const { participants = {}, users = [] } = detailOf(entry)
  switch (entry.kind) {
    case ENTRY_KIND.created:
    case ENTRY_KIND.joined:
      return isIn || user in participants
    case ENTRY_KIND.left:
    case ENTRY_KIND.removed:
      return isIn && !users.includes(user)
    default:
      return isIn
  }
}

function givenUsers(conversation: ConversationId): readonly UserId[] {
  if (conversation.startsWith('d:')) return directUsers(conversation)
  return conversation.startsWith('u:') ? [conversation.slice(2)] : []
}

const detailOf = ({ kind, extra }: Entry): ChangeDetail =>
  kind === ENTRY_KIND.message || extra === null ? {} : (JSON.parse(extra) as ChangeDetail)
