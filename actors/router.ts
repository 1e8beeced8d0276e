/**
 * Router: takes a command to the one actor that may handle it, wherever the newest view says it is, and brings the one answer back. What
 * is not answered yet is kept here and sent again, in order, when the shard moves or the answer is lost; every command is safe
 * to repeat. After DEADLINE_MS the asker is told `temporary`.
 */
import { bodyWithId } from '../protocol/entry-codec.js'
import { REPLY_ERRORS } from '../protocol/errors.js'
import type { ConversationId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { Clock, Random } from './clock.js'
import { refusal } from './command.js'
import type { OwnerCommand, OwnerReply, ReplyTo } from './command.js'
import type { Counters } from './counters.js'
import { derivedId } from './enlist.js'
import type { CommandEnvelope, ReplyEnvelope } from './envelope.js'
import { shardOf } from './hash.js'
import type { ShardId } from './journal.js'
import type { Links } from './links.js'
import { Numbered } from './numbered.js'
import type { Caller } from './transport.js'

/** Which node owns a shard, by the newest view this node knows. */
export interface Ownership {
  readonly view: number
  readonly shards: number
  ownerOf(shard: ShardId): NodeId | null
  /** Calls when a view of at least this number is known; asks for it if need be. */
  whenAtLeast(view: number, then: () => void): void
}

export interface RouterParts {
  readonly node: NodeId
  readonly clock: Clock
  readonly random: Random
  readonly links: Links
  readonly counters: Counters
  readonly ownership: Ownership
  /** Hands a command to the conversation on this node. The answer may be `notOwner`. */
  handle(shard: ShardId, caller: Caller, command: OwnerCommand, to: ReplyTo): void
}

const DEADLINE_MS = 8_000
const REPEAT_MS = 1_500
const CACHED = 200_000

class Outstanding implements ReplyTo {
  readonly token: number
  readonly shard: ShardId
  readonly caller: Caller
  readonly command: OwnerCommand
  readonly to: ReplyTo
  readonly since: number
  sentAt = 0
  /** The node it was sent to last; null while nobody owns the shard. */
  owner: NodeId | null = null
  readonly #router: Router

  constructor(
    router: Router,
    token: number,
    shard: ShardId,
    asked: { caller: Caller; command: OwnerCommand; to: ReplyTo },
    now: number,
  ) {
    this.#router = router
    this.token = token
    this.shard = shard
    this.caller = asked.caller
    this.command = asked.command
    this.to = asked.to
    this.since = now
  }

  reply(reply: OwnerReply): void {
    this.#router.answered(this, reply)
  }
}

export class Router {
  readonly #parts: RouterParts
  /** By token. */
  readonly #outstanding = new Numbered<Outstanding>()
  readonly #shards = new Map<ConversationId, ShardId>()
  /** Number of this process: another one than those before it on this node. Four bytes of the milliseconds. */
  readonly #life: number

  constructor(parts: RouterParts) {
    this.#parts = parts
    this.#life = parts.clock.now() % 2 ** 32
  }

  get outstanding(): number {
    return this.#outstanding.size
  }

  shardOf(conversation: ConversationId): ShardId {
    let shard = this.#shards.get(conversation)
    if (shard === undefined) {
      shard = shardOf(conversation, this.#parts.ownership.shards)
      if (this.#shards.size >= CACHED) this.#shards.clear()
      this.#shards.set(conversation, shard)
    }
    return shard
  }

  /** Routes a command; `to` gets exactly one answer, never `notOwner`. */
  route(caller: Caller, command: OwnerCommand, to: ReplyTo): void {
    const named = command.frame === 'send' && command.id === null ? this.#named(command) : command
    const now = this.#parts.clock.now()
    const pending = new Outstanding(
      this,
      this.#outstanding.next,
      this.shardOf(command.conversation),
      { caller, command: named, to },
      now,
    )
    this.#outstanding.add(pending)
    this.#send(pending, now)
  }

  /** A message that came without an id gets one here, so that repeating it to the owner is harmless. */
  #named(send: Extract<OwnerCommand, { frame: 'send' }>): OwnerCommand {
    const id = derivedId(
      this.#parts.clock.now(),
      `${this.#parts.node} ${String(this.#outstanding.next)} ${String(this.#parts.random())}`,
    )
    return { ...send, id, body: bodyWithId(send.body, id) }
  }

  ask(caller: Caller, command: OwnerCommand): Promise<OwnerReply> {
    return new Promise((resolve) => this.route(caller, command, { reply: resolve }))
  }

  #send(pending: Outstanding, now = this.#parts.clock.now()): void {
    const { ownership, node, links } = this.#parts
    const owner = ownership.ownerOf(pending.shard)
    pending.sentAt = now
    pending.owner = owner
    if (owner === node) this.#parts.handle(pending.shard, pending.caller, pending.command, pending)
    else if (owner !== null) links.post(owner, toEnvelope(this.#life, pending, ownership.view))
  }

  answered(pending: Outstanding, reply: OwnerReply): void {
    if (reply.frame === 'notOwner' || this.#outstanding.take(pending.token) === undefined) return
    this.#count(pending, reply)
    pending.to.reply(reply)
  }

  #count(pending: Outstanding, reply: OwnerReply): void {
    const { counters, clock } = this.#parts
    counters.routeSeconds.observe(Math.max(0, clock.now() - pending.since) / 1000)
    if (pending.command.frame !== 'send') return
    if (reply.frame === 'sent') counters.sendsAcked++
    else if (reply.frame === 'error' && REPLY_ERRORS[reply.error].temporary) counters.sendsTemporary++
    else counters.sendsRefused++
  }

  /** An answer came from another node. What a node says that has lost the shard counts only if the journal stands behind it. */
  takeReply(from: NodeId, { life, token, view, reply }: ReplyEnvelope): void {
    const pending = life === this.#life ? this.#outstanding.get(token) : undefined
    if (pending === undefined) return
    const { ownership } = this.#parts
    if (reply.frame === 'notOwner') ownership.whenAtLeast(reply.view, () => undefined)
    else if (reply.frame === 'sent' || ownership.ownerOf(pending.shard) === from) this.answered(pending, reply)
    else ownership.whenAtLeast(view, () => this.#repeat(pending))
  }

  /** A command came from another node: handled if this node owns the shard in its own view, which is first brought up to the sender's. */
  takeCommand(from: NodeId, { life, token, view, caller, command }: CommandEnvelope): void {
    const { ownership, links } = this.#parts
    const to = {
      reply: (reply: OwnerReply): void => links.post(from, { type: 'reply', life, token, view: ownership.view, reply }),
    }
    ownership.whenAtLeast(view, () => this.#parts.handle(this.shardOf(command.conversation), caller, command, to))
  }

  /** A new view: what was sent to a node that is no longer the owner is sent to the one that is, in the order it came. */
  viewChanged(): void {
    for (const pending of this.#outstanding.values())
      if (pending.owner !== this.#parts.ownership.ownerOf(pending.shard)) this.#send(pending)
  }

  /** A shard of this node began to serve: what it could not answer before is given to it now. */
  shardServes(shard: ShardId): void {
    for (const pending of this.#outstanding.values()) if (pending.shard === shard) this.#send(pending)
  }

  /** Every quarter of a second: repeats what may be lost, gives up what took too long. */
  sweep(): void {
    const now = this.#parts.clock.now()
    for (const pending of this.#outstanding.values()) {
      if (now - pending.since > DEADLINE_MS)
        this.answered(pending, refusal('temporary', 'no answer from the owner in time'))
      else if (now - pending.sentAt > REPEAT_MS) this.#repeat(pending)
    }
  }

  #repeat(pending: Outstanding): void {
    if (this.#outstanding.get(pending.token) !== undefined) this.#send(pending)
  }
}

function toEnvelope(life: number, { token, caller, command }: Outstanding, view: number): CommandEnvelope {
  return { type: 'command', life, token, view, caller, command }
}
