/**
 * Assembly: the parts of a node, made and joined. Doors and life are in node.ts; the contracts come from outside. Besides the joints there is
 * only what concerns several parts at once: a view that changes, a device that comes or goes, marks and signals on their way to owners.
 */
import type { ConversationId, UserId } from '../protocol/ids.js'
import { userConversation } from '../protocol/ids.js'
import { ActorSystem } from './actor-system.js'
import type { Kind } from './actor-system.js'
import { Attachments } from './attachments.js'
import { Audiences } from './audiences.js'
import type { NodeId } from './bus.js'
import { Cluster } from './cluster.js'
import { refusal } from './command.js'
import type { ReplyTo } from './command.js'
import type { ConversationMessage } from './conversation.js'
import { DirectorySync } from './directory-sync.js'
import { DirectoryTable } from './directory-table.js'
import type { AttachedSession } from './envelope.js'
import { FanOut } from './fan-out.js'
import { shardOf } from './hash.js'
import { Inbox } from './inbox.js'
import type { ShardId } from './journal.js'
import { Links } from './links.js'
import { MarkRelay } from './mark-relay.js'
import { MarkWriter } from './marks.js'
import type { View } from './membership.js'
import type { NodeParts } from './node-parts.js'
import { PresenceSync } from './presence-sync.js'
import { Router } from './router.js'
import type { Session, SessionMessage } from './session.js'
import { SessionRegistry } from './session-registry.js'
import { Sessions } from './sessions.js'
import { Shards } from './shards.js'
import type { Caller } from './transport.js'

const CONVERSATION_MAILBOX = 4_096
const SESSION_MAILBOX = 1_024
/** Milliseconds after which an idle conversation is let go of. */
const CONVERSATION_IDLE_MS = 120_000

export class Assembly {
  readonly #parts: NodeParts
  readonly actors: ActorSystem
  readonly cluster: Cluster
  readonly links: Links
  readonly router: Router
  readonly shards: Shards
  readonly sessions: Sessions
  readonly #directory: DirectoryTable
  readonly directorySync: DirectorySync
  readonly presenceSync: PresenceSync
  readonly #registry: SessionRegistry
  readonly #attachments: Attachments
  readonly #audiences: Audiences
  readonly fanOut: FanOut
  readonly #inbox: Inbox
  readonly #markRelay: MarkRelay
  readonly markWriter: MarkWriter
  readonly #conversations: Kind<ConversationId, ConversationMessage>

  constructor(parts: NodeParts) {
    this.#parts = parts
    const { node, clock, random, log, counters, history } = parts
    this.actors = this.#makeActors()
    this.#conversations = this.actors.register<ConversationId, ConversationMessage>({
      kind: 'conversation',
      mailbox: CONVERSATION_MAILBOX,
      idle: CONVERSATION_IDLE_MS,
      activate: (id) => this.shards.activate(id),
      supervise: () => 'resume',
    })
    this.#directory = new DirectoryTable(Math.floor(random() * 0x7fffffff))
    this.markWriter = new MarkWriter(history, clock, log)
    this.#markRelay = this.#makeMarkRelay()
    this.links = new Links({
      bus: parts.bus,
      node,
      counters,
      log,
      incarnation: () => this.cluster.incarnation,
      wake: () => this.actors.wake(),
      receive: (from, incarnation, envelope) => this.#inbox.take(from, incarnation, envelope),
      gap: (from) => this.#gap(from),
    })
    this.cluster = this.#makeCluster()
    this.router = new Router({
      node,
      clock,
      random,
      links: this.links,
      counters,
      ownership: this.cluster,
      handle: (shard, caller, command, to) => this.shards.handle(shard, caller, command, to),
    })
    this.#audiences = new Audiences({
      clock,
      ask: (conversation) => this.router.ask(SERVER, { frame: 'audience', conversation }),
    })
    this.sessions = this.#makeSessions()
    this.directorySync = new DirectorySync({
      node,
      clock,
      directory: this.#directory,
      links: this.links,
      users: () => this.sessions.users(),
      repaired: (peer) => this.fanOut.announce(this.shards.recentHeads(), peer),
    })
    this.presenceSync = new PresenceSync({
      node,
      clock,
      log,
      presence: parts.presence,
      sessions: () => this.sessions.all(),
      size: () => this.sessions.size,
    })
    this.fanOut = new FanOut({
      node,
      clock,
      directory: this.#directory,
      links: this.links,
      audiences: this.#audiences,
      sessions: this.sessions,
      marks: this.markWriter,
    })
    this.#attachments = new Attachments({
      shardOf: (user) => this.#shardOfUser(user),
      displace: (to, session) => this.#displace(to, session),
    })
    this.#registry = this.#makeRegistry()
    this.shards = new Shards({
      ...parts,
      outlet: this.fanOut,
      cluster: this.cluster,
      router: this.router,
      conversations: this.#conversations,
      wake: () => this.actors.wake(),
      announce: (heads) => this.fanOut.announceToAll(heads, this.#peers()),
    })
    this.#inbox = new Inbox({
      node,
      cluster: this.cluster,
      links: this.links,
      router: this.router,
      shards: this.shards,
      sessions: this.sessions,
      directory: this.#directory,
      directorySync: this.directorySync,
      attachments: this.#attachments,
      fanOut: this.fanOut,
      registry: this.#registry,
      conversations: this.#conversations,
    })
    this.#endTurns()
  }

  #makeActors(): ActorSystem {
    const { clock, counters, log } = this.#parts
    return new ActorSystem({
      clock,
      deadLetter: (kind, id, message, why) => this.#deadLetter(kind, message, why),
      failed: (kind, id, error) => {
        counters.actorFailures++
        log.error(
          { kind, id: String(id), error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
          'an actor failed',
        )
      },
      observeMailbox: (seconds) => counters.mailboxSeconds.observe(seconds),
    })
  }

  #makeCluster(): Cluster {
    return new Cluster({
      ...this.#parts,
      beat: (view) => this.#beat(view),
      viewChanged: (view, before) => this.#viewChanged(view, before),
      expelled: () => this.#expelled(),
      stalled: () => this.#parts.log.warn({}, 'this node stood still'),
    })
  }

  #makeMarkRelay(): MarkRelay {
    return new MarkRelay({
      node: this.#parts.node,
      clock: this.#parts.clock,
      ownerOf: (conversation) => this.cluster.ownerOf(this.router.shardOf(conversation)),
      take: (mark) => this.#inbox.takeMark(mark),
      post: (to, envelope) => this.links.post(to, envelope),
    })
  }

  #makeSessions(): Sessions {
    const { node, clock, counters, authenticator, pingSeconds, connectMs, rate, sendRate } = this.#parts
    return new Sessions({
      node,
      clock,
      counters,
      authenticator,
      pingSeconds,
      connectMs,
      rate,
      sendRate,
      wake: () => this.actors.wake(),
      kind: this.actors.register<number, SessionMessage>({
        kind: 'session',
        mailbox: SESSION_MAILBOX,
        idle: 0,
        supervise: () => 'resume',
      }),
      came: (session, first) => this.#came(session, first),
      went: (session, last) => this.#went(session, last),
      route: (session, command, to) =>
        this.router.route({ user: session.user, device: session.device, system: false }, command, to),
      mark: (conversation, user, delivered, read) => this.#markRelay.add({ conversation, user, delivered, read }),
      signal: (conversation, sender, name, data) => this.#signal(conversation, sender, name, data),
      presence: (users, to) => this.presence(users, to),
    })
  }

  #makeRegistry(): SessionRegistry {
    return new SessionRegistry({
      node: this.#parts.node,
      shardOf: (user) => this.#shardOfUser(user),
      ownerOf: (shard) => this.cluster.ownerOf(shard),
      sessions: () => this.sessions.all(),
      post: (to, envelope) => this.links.post(to, envelope),
      take: (from, envelope) => this.#inbox.takeAttached(from, envelope),
    })
  }

  /** What one turn gathered leaves in this order: who came and went, the journal, the bus, the sockets. */
  #endTurns(): void {
    this.actors.onTurnEnd(() => this.#registry.flush())
    this.actors.onTurnEnd(() => this.directorySync.flush())
    this.actors.onTurnEnd(() => this.shards.flush())
    this.actors.onTurnEnd(() => this.links.flush())
    this.actors.onTurnEnd(() => this.sessions.flush())
  }

  // ── views ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #viewChanged(view: View, before: View | null): void {
    this.#parts.counters.viewsSeen++
    for (const { node } of before?.members ?? [])
      if (!view.members.some((member) => member.node === node)) this.#forget(node)
    const moved = new Set<ShardId>()
    for (let shard = 0; shard < this.#parts.shards; shard++)
      if (ownerIn(view, shard) !== ownerIn(before, shard)) moved.add(shard)
    for (const shard of moved) if (!this.cluster.owns(shard)) this.#attachments.drop(shard)
    this.shards.follow()
    this.router.viewChanged()
    this.#registry.moved(moved)
  }

  #beat(view: number): void {
    this.links.broadcast({
      type: 'heartbeat',
      view,
      sessions: this.sessions.size,
      directory: this.directorySync.number,
      sent: this.links.sent(),
    })
  }

  /** What was lost may have been a push, or a peer's word that it missed some: so both sides announce. */
  #gap(from: NodeId): void {
    this.links.post(from, { type: 'gap' })
    this.fanOut.announce(this.shards.recentHeads(), from)
  }

  #peers(): NodeId[] {
    return (this.cluster.newest?.members ?? []).flatMap(({ node }) => (node === this.#parts.node ? [] : [node]))
  }

  #forget(node: NodeId): void {
    if (node === this.#parts.node) return
    this.directorySync.forget(node)
    this.#attachments.dropNode(node)
  }

  /** The others took this node for dead: it begins again, and its devices ask for what they may have missed. */
  #expelled(): void {
    this.#parts.log.warn({}, 'this node was outside the view; it joins again')
    this.shards.dropAll()
    this.sessions.pushAll({ frame: 'resync' })
  }

  // ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #came(session: Session, first: boolean): void {
    if (first) this.directorySync.enter(session.user)
    this.presenceSync.came(session)
    this.#registry.came(session)
  }

  #went(session: Session, last: boolean): void {
    if (last) this.directorySync.leave(session.user)
    this.presenceSync.went(session)
    this.#registry.went(session)
    this.actors.wake()
  }

  /** Not remembered, as the router does for conversations: it is needed when a device comes and when it goes. */
  #shardOfUser(user: UserId): ShardId {
    return shardOf(userConversation(user), this.#parts.shards)
  }

  #displace(to: NodeId, { user, device, session }: AttachedSession): void {
    if (to === this.#parts.node) this.sessions.displace(user, device, session)
    else this.links.post(to, { type: 'displace', user, device, session })
  }

  #signal(conversation: ConversationId, sender: UserId, name: string, data: Uint8Array): void {
    this.#parts.counters.signals++
    const owner = this.cluster.ownerOf(this.router.shardOf(conversation))
    const signal = { type: 'signal', conversation, sender, name, data } as const
    if (owner === this.#parts.node) this.#inbox.takeSignal(signal)
    else if (owner !== null) this.links.post(owner, signal)
  }

  presence(users: readonly UserId[], to: ReplyTo): void {
    this.#parts.presence.query(users).then(
      (items) => to.reply({ frame: 'presenceList', ref: 0, items }),
      () => to.reply(refusal('temporary', 'presence is away')),
    )
  }

  /** What no actor handled: whoever asked is told, or will be asked again. */
  #deadLetter(kind: string, message: unknown, why: 'full' | 'stopped' | 'failed'): void {
    const { counters } = this.#parts
    counters.deadLetters++
    if (why === 'full') counters.mailboxOverflows++
    if (kind !== 'conversation') return
    const letter = message as ConversationMessage
    if (letter.kind !== 'command') return
    const { command, to } = letter
    const isOurs = this.shards.get(this.router.shardOf(command.conversation))?.isServing === true
    if (why === 'full') to.reply(refusal('overloaded'))
    else if (why === 'failed' && isOurs) to.reply(refusal('temporary', 'history is away'))
    else to.reply({ frame: 'notOwner', view: this.cluster.view })
  }
}

/** The server itself, asking on nobody's behalf. */
const SERVER: Caller = { user: 'server', device: 'server', system: true }

const ownerIn = (view: View | null, shard: ShardId): NodeId | null =>
  view?.members[view.owners[shard] ?? -1]?.node ?? null
