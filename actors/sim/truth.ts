/**
 * Truth: what the journal stored, noted at the moment of storing, whoever learnt of it. Each record is held against the rules of the fence
 * at once; the checker holds devices and history against the entries.
 */
import { decodeEntry } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Entry } from '../../protocol/entry.js'
import { messageIdText } from '../../protocol/ids.js'
import type { ConversationId } from '../../protocol/ids.js'
import type { ShardId } from '../journal.js'
import type { View } from '../membership.js'
import { decodeRecord } from '../record.js'
import type { JournalRecord } from '../record.js'
import { Told, detailOf } from './told.js'
import type { TrueEntry } from './told.js'

export interface TruthParts {
  /** A view that was accepted. */
  readonly viewOf: (number: number) => View | undefined
  readonly violation: (text: string) => void
}

export class Truth {
  readonly conversations = new Map<ConversationId, Told>()
  /** The number of each shard's newest record with entries. */
  readonly lastEntries = new Map<ShardId, number>()
  readonly #parts: TruthParts
  readonly #last = new Map<ShardId, JournalRecord>()

  constructor(parts: TruthParts) {
    this.#parts = parts
  }

  stored(shard: ShardId, seq: number, bytes: Uint8Array): void {
    const record = decodeRecord(bytes)
    this.#checkOwner(shard, record)
    this.#last.set(shard, record)
    if (record.entries.length > 0) this.lastEntries.set(shard, seq)
    for (const entry of record.entries) this.#take(record.epoch, entry, bytes)
  }

  /** Records of every shard are gone: what is stored next may follow an older one, and only that must reach history. */
  lost(): void {
    this.#last.clear()
    this.lastEntries.clear()
  }

  /** What was stored at a place; more than one entry when it was given again after a loss. */
  at(conversation: ConversationId, seq: number): readonly TrueEntry[] {
    return this.conversations.get(conversation)?.at(seq) ?? []
  }

  /** Rule 2: who writes owns the shard in the view it names, and nobody writes after a newer owner. */
  #checkOwner(shard: ShardId, { view, node, incarnation }: JournalRecord): void {
    const { viewOf, violation } = this.#parts
    const before = this.#last.get(shard)
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

  #take(recordEpoch: number, bytes: Uint8Array, record: Uint8Array): void {
    const entry = decodeEntry(bytes)
    const told = this.#told(entry.conversation)
    const begun = entry.kind === ENTRY_KIND.epoch ? (detailOf(entry).epoch ?? 0) : 0
    const epoch = Math.max(recordEpoch, told.last?.epoch ?? 0, begun)
    this.#checkPlace(told, entry, epoch)
    told.add({ epoch, entry, id: entry.id === '' ? '' : messageIdText(entry.id), bytes, record })
  }

  #told(conversation: ConversationId): Told {
    const known = this.conversations.get(conversation)
    if (known !== undefined) return known
    const told = new Told(conversation)
    this.conversations.set(conversation, told)
    return told
  }

  /** Promise 2: one entry at one place, each after the one before it. */
  #checkPlace(told: Told, { conversation, seq }: Entry, epoch: number): void {
    const place = `${conversation} ${String(epoch)}/${String(seq)}`
    if (told.at(seq).some((other) => other.epoch === epoch))
      this.#parts.violation(`two entries were stored at ${place}`)
    const { last } = told
    if (last?.epoch === epoch && last.entry.seq + 1 !== seq)
      this.#parts.violation(`${place} was stored after seq ${String(last.entry.seq)}`)
  }
}
