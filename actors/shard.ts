/**
 * One shard as its owner holds it: from the moment the view gives it to this node until it is lost. It takes the shard over, brings its
 * conversations to life, stores what they make (journal-writer.ts), archives it (archiver.ts) and tells other conversations what
 * follows from it. Nothing of it outlives a loss: the next owner builds everything from journal and history.
 */
import { decodeEntry } from '../protocol/entry-codec.js'
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import { Activator } from './activator.js'
import type { ArchiveTurns } from './archive-turns.js'
import { Archiver, isBefore } from './archiver.js'
import type { Clock } from './clock.js'
import type { Enlist, OwnerReply, ResumeOne } from './command.js'
import { Conversation } from './conversation.js'
import type { ConversationShard } from './conversation.js'
import type { Outlet } from './outlet.js'
import type { Counters } from './counters.js'
import type { History, ShardPosition } from './history.js'
import type { Journal, ShardId } from './journal.js'
import { Enlisting } from './enlisting.js'
import { JournalWriter } from './journal-writer.js'
import type { Logger } from './logger.js'
import type { PendingEntry } from './pending-entry.js'
import { HEADS_KEPT_MS, RecentHeads } from './recent-heads.js'
import type { AnnouncedHead } from './recent-heads.js'
import { RecentIds } from './recent-ids.js'
import type { RecordHead } from './record.js'
import { NotOurs, takeOver } from './take-over.js'
import type { LastOwned, Taken } from './take-over.js'
import { Unarchived } from './unarchived.js'
import type { UnarchivedEntry } from './unarchived.js'
import { WholeHistory } from './whole-history.js'
import type { ReadableHistory } from './whole-history.js'

export interface ShardParts {
  readonly id: ShardId
  readonly journal: Journal
  readonly history: History
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
  readonly outlet: Outlet
  /** View, node and incarnation to write; null once the shard is another node's. */
  owner(): Pick<RecordHead, 'view' | 'node' | 'incarnation'> | null
  behind(view: number): void
  /** Bytes of entries that may wait for history on this node; above, sends are refused. */
  readonly historyLagBytes: number
  readonly archiveTurns: ArchiveTurns
  /** Entries wait for the journal: `flush` at the end of this turn. */
  dirty(shard: Shard): void
  /** Routes what `u:<user>` must hear; resolves with its answer. */
  enlist(enlist: Enlist): Promise<OwnerReply>
  /** Brings a conversation to life through the runtime. */
  wake(id: ConversationId): void
  /** The shard serves from now on; these heads may not have been pushed. */
  serving(shard: Shard, heads: readonly AnnouncedHead[]): void
  /** Another owner wrote to the journal. */
  fenced(shard: Shard): void
  /** History has lost what it had: the shard must be taken again. */
  wentBack(shard: Shard): void
  /** Any number that clients do not know. */
  readonly seed: number
  readonly known: LastOwned | null
}

const STUBS = 20_000
const RESTORE_MS = 100

interface Place {
  readonly epoch: number
  readonly seq: number
}

interface Serving {
  readonly taken: Taken
  readonly writer: JournalWriter
  readonly archiver: Archiver
  readonly activator: Activator
}

export class Shard implements ConversationShard {
  readonly id: ShardId
  readonly #ids: RecentIds
  readonly #parts: ShardParts
  readonly #heads: RecentHeads
  readonly #history: WholeHistory
  readonly #unarchived: Unarchived
  readonly #enlisting: Enlisting
  readonly #conversations = new Map<ConversationId, Conversation>()
  /** Passivated conversations: what is enough to answer a device that has everything. */
  readonly #stubs = new Map<ConversationId, Place>()
  readonly #ready: Promise<Serving>
  #begin: () => void = () => undefined
  #serving: Serving | null = null
  #stopped = false

  constructor(parts: ShardParts) {
    this.#parts = parts
    this.id = parts.id
    this.#ids = new RecentIds(parts.seed)
    this.#heads = new RecentHeads(parts.clock)
    this.#history = new WholeHistory(parts.history, () => this.#compareWithHistory())
    this.#unarchived = new Unarchived(parts.counters)
    this.#enlisting = new Enlisting(parts)
    this.#ready = new Promise<void>((resolve) => (this.#begin = resolve)).then(() => this.#takeOver())
    this.#ready.catch((error: unknown) => {
      if (!(error instanceof NotOurs))
        parts.log.error({ shard: parts.id, error: String(error) }, 'a shard cannot be served')
    })
  }

  get history(): ReadableHistory {
    return this.#history
  }

  get clock(): Clock {
    return this.#parts.clock
  }

  get counters(): Counters {
    return this.#parts.counters
  }

  get isServing(): boolean {
    return this.#serving !== null && !this.#stopped
  }

  /** Where the journal stands by what this owner stored. */
  get journalPosition(): LastOwned | null {
    if (this.#serving === null) return null
    const { taken, writer } = this.#serving
    return { stream: taken.stream, seq: writer.position.seq, epoch: taken.epoch }
  }

  recentHeads(): AnnouncedHead[] {
    return this.#heads.all()
  }

  /** Begins to take the shard over. */
  start(): void {
    this.#begin()
  }

  conversationIds(): Iterable<ConversationId> {
    return this.#conversations.keys()
  }

  async #takeOver(): Promise<Serving> {
    const taken = await takeOver({
      ...this.#parts,
      shard: this.id,
      owner: () => (this.#stopped ? null : this.#parts.owner()),
    })
    if (this.#stopped) throw new NotOurs()
    const { history, clock, log, counters } = this.#parts
    const common = {
      history,
      clock,
      log,
      counters,
      shard: this.id,
      stream: taken.stream,
      epoch: taken.epoch,
      unarchived: this.#unarchived,
      turns: this.#parts.archiveTurns,
      wentBack: () => this.#parts.wentBack(this),
    }
    const serving: Serving = {
      taken,
      writer: this.#makeWriter(taken),
      archiver: new Archiver(common, taken.stored),
      activator: new Activator({
        ...common,
        make: (state, stored) => this.#make(state, stored),
        restored: (entry) => this.#restored(entry),
      }),
    }
    this.#serving = serving
    this.#takeRecords(taken)
    counters.shardsTaken++
    this.#parts.serving(this, this.recentHeads())
    return serving
  }

  #makeWriter(taken: Taken): JournalWriter {
    const { journal, clock, counters } = this.#parts
    const none = { view: 0, node: '', incarnation: 0 }
    return new JournalWriter(
      {
        journal,
        clock,
        counters,
        shard: this.id,
        head: (number, prev) => {
          const { view, node, incarnation } = this.#parts.owner() ?? none
          const { archived } = this.#unarchived
          return { view, node, incarnation, number, prev, archived, epoch: taken.epoch }
        },
        stored: (seq, queued) => this.#stored(seq, queued),
        fenced: () => this.#parts.fenced(this),
      },
      taken.position,
    )
  }

  /** What the owner before stored and nobody archived: its conversations come to life, so that it can be archived. */
  #takeRecords(taken: Taken): void {
    this.#unarchived.startAt(taken.archived)
    const now = this.clock.now()
    for (const { seq, record } of taken.records) {
      const entries = record.entries.map((bytes) => fromJournal(bytes))
      this.#unarchived.add(seq, entries)
      for (const { conversationId: conversation, seq: head, time } of entries)
        if (now - time < HEADS_KEPT_MS)
          this.#heads.note({ conversation, epoch: taken.epoch, seq: head, membershipSeq: head })
    }
    if (taken.records.length > 0) this.#restoreAll()
  }

  /** Asks for every conversation with unarchived entries until all are here: history may be away. */
  #restoreAll(): void {
    if (this.#stopped) return
    const missing = new Set<ConversationId>()
    for (const record of this.#unarchived.records())
      for (const entry of record.entries) if (entry.conversation === null) missing.add(entry.conversationId)
    // even while some are missing: history may have what is theirs, and then they are not to be waited for
    this.#serving?.archiver.wake()
    if (missing.size > 0) {
      for (const id of missing) this.#parts.wake(id)
      this.clock.after(RESTORE_MS, () => this.#restoreAll())
    }
  }

  // ── conversations ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The conversation, read from history if it is not active. Rejects when that is impossible now. */
  async activate(id: ConversationId): Promise<Conversation> {
    const { activator } = await this.#ready
    const active = this.#conversations.get(id)
    if (active !== undefined) return active
    const conversation = await activator.activate(id)
    if (this.#stopped) throw new NotOurs()
    return this.#conversations.get(id) ?? this.#register(conversation)
  }

  #register(conversation: Conversation): Conversation {
    this.#conversations.set(conversation.id, conversation)
    this.#stubs.delete(conversation.id)
    this.#parts.counters.conversationsActive++
    return conversation
  }

  #make(
    state: Conversation['state'],
    stored: Parameters<ConstructorParameters<typeof Activator>[0]['make']>[1],
  ): Conversation {
    for (const { sender, id, seq } of stored?.ids ?? []) this.noteId(state.conversation, sender, id, seq)
    return new Conversation(state, this, this.#parts.outlet)
  }

  passivated(conversation: Conversation): void {
    const { id, standing, committed } = conversation
    if (!this.#conversations.delete(id)) return
    this.#parts.counters.conversationsActive--
    if (this.#stubs.size >= STUBS) this.#stubs.delete(this.#stubs.keys().next().value ?? '')
    this.#stubs.set(id, { epoch: standing.epoch, seq: committed })
  }

  /** Answers a device that already has everything of a passivated conversation, without waking it. */
  answerFromStub({ conversation, position }: ResumeOne): OwnerReply | null {
    const stub = this.#stubs.get(conversation)
    if (stub === undefined || stub.epoch !== position.epoch || stub.seq !== position.seq) return null
    const { epoch, seq } = stub
    return { frame: 'onePage', page: { conversation, epoch, head: seq, recovered: true, more: false, items: [] } }
  }

  seqOf(conversation: ConversationId, sender: UserId, id: MessageId): number {
    return this.#ids.find(this.#ids.key(conversation, sender, id))
  }

  noteId(conversation: ConversationId, sender: UserId, id: MessageId, seq: number): void {
    this.#ids.add(this.#ids.key(conversation, sender, id), seq, this.clock.now())
  }

  /** Forgets ids beyond the horizon, but none that history may not have yet. */
  expireIds(): void {
    this.#ids.expire(Math.min(this.clock.now(), this.#unarchived.oldestTime))
  }

  // ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  refuses(bytes: number): 'unavailable' | 'overloaded' | null {
    if (this.#serving === null || this.#stopped) return 'unavailable'
    if (this.#parts.counters.unarchivedBytes > this.#parts.historyLagBytes) return 'overloaded'
    return this.#serving.writer.refuses(bytes)
  }

  append(entry: PendingEntry): void {
    this.#serving?.writer.add(entry)
    this.#parts.dirty(this)
  }

  get isAppending(): boolean {
    return this.#serving?.writer.isAppending === true
  }

  flush(): void {
    this.#serving?.writer.flush()
  }

  #stored(seq: number, queued: readonly PendingEntry[]): void {
    const record = this.#unarchived.add(seq, queued)
    for (const entry of queued) {
      const { conversation } = entry
      conversation.commit(entry)
      const { seq: head, epoch, membershipSeq } = entry
      this.#heads.note({ conversation: conversation.id, epoch, seq: head, membershipSeq })
      this.#enlisting.tell(record, entry.consequences.enlists)
    }
    this.#serving?.archiver.wake()
    this.#parts.dirty(this)
  }

  #restored(entry: UnarchivedEntry): void {
    if (entry.record !== null) this.#enlisting.tell(entry.record, entry.consequences.enlists)
  }

  /** Takes the position that history is asked for now: one before what is archived by now means that history has lost it. */
  historyComparison(): (position: ShardPosition) => boolean {
    const { archived } = this.#unarchived
    return (position) => {
      const stream = this.#serving?.taken.stream
      const isWhole = stream === undefined || !isBefore(position, { stream, unarchived: { archived } })
      if (!isWhole) this.#parts.wentBack(this)
      return isWhole
    }
  }

  async #compareWithHistory(): Promise<boolean> {
    const compare = this.historyComparison()
    const [position] = await this.#parts.history.positions([this.id])
    return position !== undefined && compare(position)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#serving?.writer.stop()
    this.#serving?.archiver.stop()
    this.#unarchived.clear()
    this.#enlisting.stop()
    this.#parts.counters.conversationsActive -= this.#conversations.size
    if (this.#serving !== null) this.#parts.counters.shardsLost++
  }

  /** Drops journal records that are archived and older than `ageMs`. */
  async purge(ageMs: number): Promise<void> {
    const below = this.#serving?.archiver.purgeable(ageMs) ?? 0
    if (below > 0 && !this.#stopped) await this.#parts.journal.purge(this.id, below)
  }
}

function fromJournal(bytes: Uint8Array): UnarchivedEntry {
  const { seq, time, sender, device, id, type, kind, ordinal, conversation } = decodeEntry(bytes)
  const consequences = { participants: [], enlists: [], list: null }
  return {
    seq,
    time,
    sender,
    device,
    id,
    type,
    bytes,
    kind,
    ordinal,
    consequences,
    conversation: null,
    record: null,
    conversationId: conversation,
  }
}
