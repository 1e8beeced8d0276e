/**
 * The shards of this node: follows the views, takes what it is given and lets go of what it is not, hands commands to the conversations of
 * those that serve. A shard that another owner has written to is taken again if the newest view still gives it to this node.
 */
import type { ConversationId } from '../protocol/ids.js'
import type { Kind } from './actor-system.js'
import { AppendPace } from './append-pace.js'
import { ArchiveTurns } from './archive-turns.js'
import type { Cluster } from './cluster.js'
import type { Clock, Random } from './clock.js'
import type { OwnerCommand, ReplyTo } from './command.js'
import type { Conversation, ConversationMessage } from './conversation.js'
import type { Outlet } from './outlet.js'
import type { Counters } from './counters.js'
import type { History } from './history.js'
import type { Journal, ShardId } from './journal.js'
import { GatheringJournal } from './journal-gathering.js'
import type { Logger } from './logger.js'
import { HEADS_KEPT_MS } from './recent-heads.js'
import type { AnnouncedHead } from './recent-heads.js'
import type { RecordHead } from './record.js'
import type { Router } from './router.js'
import { Shard } from './shard.js'
import type { LastOwned } from './take-over.js'
import type { Caller } from './transport.js'

export interface ShardsParts {
  readonly node: string
  readonly journal: Journal
  readonly history: History
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  readonly log: Logger
  readonly outlet: Outlet
  readonly historyLagBytes: number
  readonly cluster: Cluster
  readonly router: Router
  readonly conversations: Kind<ConversationId, ConversationMessage>
  /** Asks for a turn, at whose end `flush` is called. */
  wake(): void
  /** A shard serves: what was committed lately may not have reached everybody. */
  announce(heads: readonly AnnouncedHead[]): void
}

const SERVER: Caller = { user: 'server', device: 'server', system: true }
const RETAKE_MS = 50
/** Shards that write to history at the same time: one may wait for a lock while another goes on. */
const ARCHIVING_AT_ONCE = 2

export class Shards {
  readonly #parts: ShardsParts
  readonly #held = new Map<ShardId, Shard>()
  readonly #pace: AppendPace
  readonly #archiveTurns = new ArchiveTurns(ARCHIVING_AT_ONCE)
  readonly #journal: Journal
  readonly #known = new Map<ShardId, LastOwned>()
  /** Heads of shards that were dropped, and when: pushes of this node may still be found missing. */
  readonly #dropped = new Map<ShardId, { readonly heads: readonly AnnouncedHead[]; readonly at: number }>()

  constructor(parts: ShardsParts) {
    this.#parts = parts
    this.#journal = new GatheringJournal(parts.journal, parts.clock)
    this.#pace = new AppendPace(parts.clock, () => parts.wake())
  }

  /** The shards that serve. */
  owned(): ShardId[] {
    return [...this.#held.values()].filter((shard) => shard.isServing).map((shard) => shard.id)
  }

  get(shard: ShardId): Shard | undefined {
    return this.#held.get(shard)
  }

  all(): Iterable<Shard> {
    return this.#held.values()
  }

  /** Takes and drops shards until what is held is what the newest view gives. */
  follow(): void {
    const { cluster, counters } = this.#parts
    for (let shard = 0; shard < cluster.shards; shard++) {
      const mine = cluster.owns(shard)
      if (mine && !this.#held.has(shard)) this.#take(shard)
      else if (!mine) this.drop(shard)
    }
    counters.shardsOwned = this.#held.size
  }

  #take(id: ShardId): void {
    const { history, clock, counters, log, outlet, historyLagBytes } = this.#parts
    const { cluster, router, random, conversations } = this.#parts
    const shard: Shard = new Shard({
      id,
      journal: this.#journal,
      history,
      clock,
      counters,
      log,
      outlet,
      historyLagBytes,
      archiveTurns: this.#archiveTurns,
      seed: Math.floor(random() * 0x7fffffff),
      known: this.#known.get(id) ?? null,
      owner: () => (cluster.owns(id) && this.#held.get(id) === shard ? this.#signature() : null),
      behind: (view) => cluster.whenAtLeast(view, () => undefined),
      dirty: (changed) => {
        this.#pace.add(changed)
        this.#parts.wake()
      },
      enlist: (enlist) => router.ask(SERVER, enlist),
      wake: (conversation) => conversations.tell(conversation, { kind: 'wake' }, 'system'),
      serving: (taken, heads) => {
        router.shardServes(taken.id)
        this.#parts.announce(heads)
      },
      fenced: (lost) => this.#takeAgain(lost, 'the journal refused this owner'),
      wentBack: (lost) => this.#takeAgain(lost, 'history stands before what was archived'),
    })
    this.#held.set(id, shard)
    shard.start()
  }

  #signature(): Pick<RecordHead, 'view' | 'node' | 'incarnation'> {
    const { cluster, node } = this.#parts
    return { view: cluster.view, node, incarnation: cluster.incarnation }
  }

  #takeAgain(shard: Shard, why: string): void {
    if (this.#held.get(shard.id) !== shard) return
    this.#parts.log.warn({ shard: shard.id }, why)
    this.drop(shard.id)
    this.#parts.cluster.refresh()
    this.#parts.clock.after(RETAKE_MS, () => this.follow())
  }

  /** Stops a shard and its conversations; nothing that was not stored is answered. */
  drop(id: ShardId): void {
    const shard = this.#held.get(id)
    if (shard === undefined) return
    const position = shard.journalPosition
    if (position !== null) this.#known.set(id, position)
    this.#held.delete(id)
    this.#dropped.set(id, { heads: shard.recentHeads(), at: this.#parts.clock.now() })
    this.#pace.remove(shard)
    shard.stop()
    for (const conversation of shard.conversationIds()) this.#parts.conversations.stop(conversation)
    this.#parts.counters.shardsOwned = this.#held.size
  }

  dropAll(): void {
    for (const id of [...this.#held.keys()]) this.drop(id)
  }

  /** At the end of a turn: what conversations made goes to the journal. */
  flush(): void {
    this.#pace.flush()
  }

  /** A command for a conversation of this node. */
  handle(id: ShardId, caller: Caller, command: OwnerCommand, to: ReplyTo): void {
    const shard = this.#held.get(id)
    if (shard === undefined) {
      to.reply({ frame: 'notOwner', view: this.#parts.cluster.view })
      return
    }
    const stub = command.frame === 'resumeOne' ? shard.answerFromStub(command) : null
    if (stub !== null) to.reply(stub)
    else this.#parts.conversations.tell(command.conversation, { kind: 'command', caller, command, to })
  }

  /** The conversation of a first message: read from history by the shard that holds it. */
  activate(id: ConversationId): Promise<Conversation> {
    const shard = this.#held.get(this.#parts.router.shardOf(id))
    return shard === undefined ? Promise.reject(new Error('the shard is not here')) : shard.activate(id)
  }

  /** What this node committed within the last minute, in shards it has and had. */
  recentHeads(): AnnouncedHead[] {
    const oldest = this.#parts.clock.now() - HEADS_KEPT_MS
    for (const [id, { at }] of this.#dropped) if (at < oldest) this.#dropped.delete(id)
    const dropped = [...this.#dropped.values()].flatMap(({ heads }) => heads)
    return [...dropped, ...[...this.#held.values()].flatMap((shard) => shard.recentHeads())]
  }

  /** A backup put back is noticed also where nothing is written. */
  async #compareWithHistory(): Promise<void> {
    const compares = [...this.#held.values()].map((shard) => shard.historyComparison())
    const positions = await this.#parts.history.positions([...this.#held.keys()])
    for (const [i, compare] of compares.entries()) {
      const position = positions[i]
      if (position !== undefined) compare(position)
    }
  }

  /** Once a minute: what is old and archived leaves the journal, ids beyond the horizon leave memory. */
  async tidy(retentionMs: number): Promise<void> {
    await this.#compareWithHistory().catch(() => undefined)
    for (const shard of [...this.#held.values()]) {
      shard.expireIds()
      await shard.purge(retentionMs).catch((error: unknown) => {
        this.#parts.log.warn({ shard: shard.id, error: String(error) }, 'the journal was not purged')
      })
    }
  }
}
