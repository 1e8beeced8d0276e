/**
 * Brings conversations of one shard to life: all that are asked for in one turn are read from history together, in one snapshot with the
 * shard's position, and every entry the journal has after that position is applied on top (rule 1 of the design).
 */
import { decodeEntry } from '../protocol/entry-codec.js'
import type { ConversationId } from '../protocol/ids.js'
import { isBefore } from './archiver.js'
import type { Clock } from './clock.js'
import type { Conversation } from './conversation.js'
import { ConversationState } from './conversation-state.js'
import type { ChangeDetail } from './conversation-state.js'
import { listChange, makeEnlists } from './enlist.js'
import type { Activation, History, ShardPosition } from './history.js'
import type { ShardId } from './journal.js'
import { ID_HORIZON_MS } from './recent-ids.js'
import type { Unarchived, UnarchivedEntry } from './unarchived.js'

export interface ActivatorParts {
  readonly history: History
  readonly clock: Clock
  readonly shard: ShardId
  readonly stream: string
  readonly epoch: number
  readonly unarchived: Unarchived
  make(state: ConversationState, stored: Activation | null): Conversation
  /** History has lost what it had. */
  wentBack(): void
  /** An entry that an earlier owner stored got its rows. */
  restored(entry: UnarchivedEntry): void
}

interface Waiting {
  readonly conversation: Promise<Conversation>
  readonly resolve: (conversation: Conversation) => void
  readonly reject: (error: unknown) => void
}

export class Activator {
  readonly #parts: ActivatorParts
  #waiting = new Map<ConversationId, Waiting>()

  constructor(parts: ActivatorParts) {
    this.#parts = parts
  }

  activate(id: ConversationId): Promise<Conversation> {
    const asked = this.#waiting.get(id)
    if (asked !== undefined) return asked.conversation
    if (this.#waiting.size === 0) this.#parts.clock.turn(() => void this.#run())
    const waiting = makeWaiting()
    this.#waiting.set(id, waiting)
    return waiting.conversation
  }

  async #run(): Promise<void> {
    const { history, shard, clock, unarchived, stream } = this.#parts
    const batch = this.#waiting
    this.#waiting = new Map()
    const done = unarchived.startReading()
    const { archived } = unarchived
    const answer = await history.activate(shard, [...batch.keys()], clock.now() - ID_HORIZON_MS).catch(() => null)
    try {
      if (answer === null) this.#fromTail(batch)
      else if (isBefore(answer.position, { stream, unarchived: { archived } })) this.#wentBack(batch)
      else this.#fromHistory(batch, answer.position, answer.found)
    } finally {
      done()
    }
  }

  #fromHistory(batch: Map<ConversationId, Waiting>, position: ShardPosition, found: readonly Activation[]): void {
    const stored = new Map(found.map((activation) => [activation.state.conversation, activation]))
    const { unarchived, stream } = this.#parts
    const from = position.stream === stream ? position.seq : 0
    const later = unarchived.after(from, new Set(batch.keys()))
    for (const [id, { resolve }] of batch) resolve(this.#build(id, stored.get(id) ?? null, later.get(id) ?? []))
  }

  #wentBack(batch: Map<ConversationId, Waiting>): void {
    this.#parts.wentBack()
    for (const { reject } of batch.values()) reject(new Error('history went back'))
  }

  /** History is away: a conversation can be served if the journal still holds its first entry. */
  #fromTail(batch: Map<ConversationId, Waiting>): void {
    const later = this.#parts.unarchived.after(0, new Set(batch.keys()))
    for (const [id, { resolve, reject }] of batch) {
      const entries = later.get(id) ?? []
      if (entries[0]?.seq === 1) resolve(this.#build(id, null, entries))
      else reject(new Error('history is away'))
    }
  }

  #build(id: ConversationId, stored: Activation | null, later: readonly UnarchivedEntry[]): Conversation {
    const state = new ConversationState(id)
    if (stored !== null) state.load(stored)
    state.epoch = Math.max(state.epoch, this.#parts.epoch)
    const conversation = this.#parts.make(state, stored)
    for (const entry of later) this.#restore(conversation, entry)
    return conversation
  }

  #restore(conversation: Conversation, entry: UnarchivedEntry): void {
    const { state } = conversation
    if (entry.seq > state.head) {
      const detail = entry.type === 0 ? detailOf(entry) : {}
      const changed = state.apply(entry, detail)
      if (entry.conversation === null) {
        const participants = changed.flatMap((user) => state.storedParticipant(user) ?? [])
        const enlists = makeEnlists(state, entry, detail, changed)
        entry.consequences = { participants, enlists, list: listChange(entry.kind, detail) }
      }
      conversation.restore(entry)
    }
    if (entry.conversation !== null) return
    entry.conversation = conversation
    this.#parts.restored(entry)
  }
}

function makeWaiting(): Waiting {
  let resolve: Waiting['resolve'] = () => undefined
  let reject: Waiting['reject'] = () => undefined
  const conversation = new Promise<Conversation>((...settle) => ([resolve, reject] = settle))
  return { conversation, resolve, reject }
}

function detailOf(entry: UnarchivedEntry): ChangeDetail {
  const { extra } = decodeEntry(entry.bytes)
  return extra === null ? {} : (JSON.parse(extra) as ChangeDetail)
}
