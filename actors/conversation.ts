/**
 * Conversation actor: the one writer of a conversation while its node owns the shard. It checks who asks, gives messages and changes
 * their seq, and hands the entries to the shard, which stores them; `commit` comes back in order and only then is anything
 * answered or pushed. If the shard is lost the actor is dropped with everything that was not stored.
 */
import { ENTRY_KIND } from '../protocol/entry.js'
import { encodeEntry } from '../protocol/entry-codec.js'
import type { Change, Send } from '../protocol/frames.js'
import { messageIdTime } from '../protocol/ids.js'
import type { ConversationId, MessageId, UserId } from '../protocol/ids.js'
import type { Actor } from './actor.js'
import { decide } from './changes.js'
import type { Clock } from './clock.js'
import { answer, refusal } from './command.js'
import type { Commanded, Enlist, OwnerReply, ReplyTo, ResumeOne } from './command.js'
import { historyPage, isBeyond, listPage, participantPage, resumePage, unreadable } from './conversation-reader.js'
import type { Readable } from './conversation-reader.js'
import type { ChangeDetail, ConversationState } from './conversation-state.js'
import type { Counters } from './counters.js'
import { changeBody, consequencesOf } from './enlist.js'
import type { ReadableHistory } from './whole-history.js'
import { KeptEntries } from './kept-entries.js'
import type { KeptEntry } from './kept-entries.js'
import type { Mark, Outlet, PushingConversation, Reach, Receipt } from './outlet.js'
import type { PendingEntry, WritingConversation } from './pending-entry.js'
import { maySend } from './permissions.js'
import { ID_HORIZON_MS } from './recent-ids.js'
import { Standing } from './standing.js'
import type { Caller } from './transport.js'

/** Above so many participants a group counts as large: joins and leaves are not pushed, receipts are off. */
export const LARGE = 100

export type ConversationMessage =
  | Commanded
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'wake' }
  | { readonly kind: 'signal'; readonly sender: UserId; readonly name: string; readonly data: Uint8Array }

/** What a conversation needs of the shard it belongs to. */
export interface ConversationShard {
  /** Seq of a client message id seen within the horizon; 0 when it was not. It may be that of another id: compare the entry. */
  seqOf(conversation: ConversationId, sender: UserId, id: MessageId): number
  noteId(conversation: ConversationId, sender: UserId, id: MessageId, seq: number): void
  readonly history: ReadableHistory
  readonly clock: Clock
  readonly counters: Counters
  /** Why an entry of so many bytes cannot be taken now; null when it can. */
  refuses(bytes: number): 'unavailable' | 'overloaded' | null
  append(entry: PendingEntry): void
  /** The runtime lets go of an idle conversation. */
  passivated(conversation: Conversation): void
}

/** An entry about to be made: who, what, and whom to answer. */
interface Draft {
  readonly caller: Caller
  readonly kind: number
  readonly type: number
  readonly id: MessageId
  readonly body: Uint8Array
  readonly detail: ChangeDetail
  readonly to: ReplyTo | null
  /** When it was asked for, milliseconds since 1970. */
  readonly now: number
}

const NO_DETAIL: ChangeDetail = {}
const NOBODY: readonly UserId[] = []
const SERVER: Caller = { user: 'server', device: 'server', system: true }

const isTooOld = (id: MessageId, now: number): boolean => messageIdTime(id) < now - ID_HORIZON_MS

export class Conversation implements Actor<ConversationMessage>, Readable, WritingConversation, PushingConversation {
  readonly state: ConversationState
  readonly kept = new KeptEntries()
  committed: number
  readonly standing: Standing
  /** Kept by the outlet. */
  reach: Reach | null = null
  receipts: Receipt[] | null = null
  readonly #shard: ConversationShard
  readonly #outlet: Outlet
  /** Seq of the newest entry that was pushed; joins in large conversations are not. */
  #pushed: number
  /** Entries that the journal has not stored yet, in order of seq. */
  readonly #pending: PendingEntry[] = []

  constructor(state: ConversationState, shard: ConversationShard, outlet: Outlet) {
    this.state = state
    this.committed = state.head
    this.standing = new Standing(state)
    this.#pushed = state.head
    this.#shard = shard
    this.#outlet = outlet
  }

  get id(): ConversationId {
    return this.state.conversation
  }

  get history(): ReadableHistory {
    return this.#shard.history
  }

  get large(): boolean {
    return this.state.kind === 'room' || this.state.participants.size > LARGE
  }

  receive(message: ConversationMessage): void | Promise<void> {
    switch (message.kind) {
      case 'command':
        return this.#command(message)
      case 'mark':
        this.#mark(message.mark)
        return
      case 'wake':
        return
      case 'signal':
        if (this.state.present(message.sender)) this.#outlet.signal(this, message.sender, message.name, message.data)
    }
  }

  /** Idle, and nothing here that is not in history. */
  passivate(): boolean {
    if (this.#pending.length > 0 || this.kept.unarchived) return false
    this.#shard.passivated(this)
    return true
  }

  #command({ caller, command, to }: Commanded): void | Promise<void> {
    switch (command.frame) {
      case 'send':
        return this.#send(caller, command, to)
      case 'enlist':
        return this.#enlist(command, to)
      case 'resumeOne':
        this.#resume(caller, command, to)
        return
      case 'history':
        answer(to, historyPage(this, caller, command))
        return
      case 'participants':
        to.reply(participantPage(this, caller, command))
        return
      case 'list':
        to.reply(listPage(this, command))
        return
      case 'audience':
        to.reply(this.#audience())
        return
      default:
        this.#change(caller, command, to)
    }
  }

  // ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #send(caller: Caller, send: Send, to: ReplyTo): void | Promise<void> {
    const now = this.#shard.clock.now()
    const refused = this.#refuses(caller, send, now)
    if (refused !== null) {
      to.reply(refused)
      return
    }
    const { id, type, body } = send
    if (id === null) to.reply(refusal('bad-id', 'the id is missing'))
    else return this.#once({ caller, kind: ENTRY_KIND.message, type, id, body, detail: NO_DETAIL, to, now })
  }

  #refuses(caller: Caller, send: Send, now: number): OwnerReply | null {
    const { state } = this
    if (!state.exists) return refusal('no-such-conversation')
    if (state.kind === 'user') return refusal('not-allowed', 'only the server writes here')
    if (!caller.system) {
      const row = state.present(caller.user)
      if (row === undefined) return refusal('not-participant')
      if (!maySend(row.role)) return refusal('not-allowed', `the user is ${row.role}`)
    }
    if (send.id !== null && messageIdTime(send.id) > now + ID_HORIZON_MS)
      return refusal('id-conflict', 'the id lies in the future')
    if (send.after !== null && !this.#arrived(caller.user, send.after, now)) return refusal('out-of-order')
    const why = this.#shard.refuses(send.body.length)
    return why === null ? null : refusal(why)
  }

  /** Whether a preceding message is here; one that is older than the horizon was settled long ago. */
  #arrived(sender: UserId, id: MessageId, now: number): boolean {
    return isTooOld(id, now) || this.#shard.seqOf(this.id, sender, id) !== 0
  }

  // ── once ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes the entry unless its id was stored or is about to be: then the answer is that entry's. */
  #once(draft: Draft): void | Promise<void> {
    const seq = this.#shard.seqOf(this.id, draft.caller.user, draft.id)
    if (seq === 0 && !isTooOld(draft.id, draft.now)) {
      this.#make(draft)
      return
    }
    const known = this.#findPending(seq) ?? this.kept.find(seq)
    if (known !== undefined && known.id === draft.id && known.sender === draft.caller.user) {
      this.#shard.counters.sendsDuplicate++
      this.#whenCommitted(known.seq, draft.to)
      return
    }
    // rare: older than what memory holds, or its fingerprint collides; the mailbox waits, so order is kept
    return this.#onceByHistory(draft)
  }

  async #onceByHistory(draft: Draft): Promise<void> {
    const { caller, id, to } = draft
    const unarchived = this.#findUnarchived(caller.user, id)
    if (unarchived !== undefined) {
      this.#whenCommitted(unarchived.seq, to)
      return
    }
    const found = await this.history.findId(this.id, caller.user, id).catch(() => undefined)
    if (found === undefined) to?.reply(refusal('temporary', 'history is away and the id is not in memory'))
    else if (found === null) this.#make(draft)
    else to?.reply({ frame: 'sent', ref: 0, epoch: found.epoch, seq: found.seq, time: found.time })
  }

  #findUnarchived(sender: UserId, id: MessageId): KeptEntry | undefined {
    const entries = [...this.#pending, ...this.kept.range(1, this.committed)]
    return entries.find((entry) => entry.id === id && entry.sender === sender)
  }

  #findPending(seq: number): PendingEntry | undefined {
    return this.#pending[seq - this.committed - 1]
  }

  #whenCommitted(seq: number, to: ReplyTo | null): void {
    if (to === null) return
    const pending = this.#findPending(seq)
    if (pending === undefined) to.reply(this.#sent(seq, this.kept.find(seq)?.time ?? this.state.time))
    else if (pending.also === null) pending.also = [to]
    else pending.also.push(to)
  }

  // ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #change(caller: Caller, change: Change, to: ReplyTo): void {
    const decision = decide(this.state, caller, change)
    switch (decision.outcome) {
      case 'refuse':
        to.reply(refusal(decision.error, decision.text))
        return
      case 'done':
        this.#whenCommitted(Math.min(decision.seq, this.state.head), to)
        return
      case 'make': {
        const why = this.#shard.refuses(0)
        if (why === null) this.#makeChange(caller, decision.kind, decision.detail, to)
        else to.reply(refusal(why))
      }
    }
  }

  #makeChange(caller: Caller, kind: number, detail: ChangeDetail, to: ReplyTo | null): void {
    const now = this.#shard.clock.now()
    this.#make({ caller, kind, type: 0, id: '', body: changeBody('', detail), detail, to, now })
  }

  #enlist(enlist: Enlist, to: ReplyTo): void | Promise<void> {
    const why = this.#shard.refuses(0)
    if (why !== null) {
      to.reply(refusal(why))
      return
    }
    const kind = enlist.entered ? ENTRY_KIND.entered : ENTRY_KIND.exited
    const detail = { conversation: enlist.about, epoch: enlist.epoch, seq: enlist.seq }
    const [{ id }, now] = [enlist, this.#shard.clock.now()]
    return this.#once({ caller: SERVER, kind, type: 0, id, body: changeBody(id, detail), detail, to, now })
  }

  #audience(): OwnerReply {
    const { membershipSeq } = this.standing
    return { frame: 'audienceList', membershipSeq, users: this.standing.users() }
  }

  #resume(caller: Caller, command: ResumeOne, to: ReplyTo): void {
    if (this.state.epoch === this.standing.epoch && !isBeyond(this, command)) {
      answer(to, resumePage(this, caller, command))
      return
    }
    const why = this.#shard.refuses(0)
    const refused = unreadable(this, caller) ?? (why === null ? null : refusal(why))
    if (refused !== null) to.reply(refused)
    else this.#inNextEpoch(command.position.epoch, { reply: () => answer(to, resumePage(this, caller, command)) })
  }

  /**
   * A device holds more than there is: what people saw was lost, and its seqs must not be given again under the same epoch. Or this
   * owner is a stale one: so nothing is answered before the journal has stored that an epoch begins.
   */
  #inNextEpoch(old: number, then: ReplyTo): void {
    const begun = this.#pending.find((entry) => entry.epoch > this.standing.epoch)
    if (begun !== undefined) {
      begun.also = [...(begun.also ?? []), then]
      return
    }
    const epoch = Math.max(Math.floor(this.#shard.clock.now() / 1000), old + 1)
    this.#shard.counters.epochsBegun++
    this.#makeChange(SERVER, ENTRY_KIND.epoch, { epoch }, then)
  }

  // ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #make({ caller, kind, type, id, body, detail, to, now }: Draft): void {
    const { state } = this
    const header = {
      kind,
      conversation: this.id,
      seq: state.head + 1,
      ordinal: state.ordinal + (kind === ENTRY_KIND.message ? 1 : 0),
      time: Math.max(now, state.time),
      sender: caller.user,
      device: caller.device,
    }
    const { seq, time, ordinal } = header
    const membershipBefore = state.membershipSeq
    if (kind !== ENTRY_KIND.message) this.standing.expectChange()
    const changed = state.apply(header, detail)
    const pending: PendingEntry = {
      conversation: this,
      conversationId: this.id,
      seq,
      kind,
      type,
      id,
      ordinal,
      time,
      since: now,
      sender: caller.user,
      device: caller.device,
      bytes: encodeEntry(header, body),
      epoch: state.epoch,
      membershipBefore,
      membershipSeq: state.membershipSeq,
      consequences: consequencesOf(state, header, detail, changed),
      leaving: changed.length === 0 ? NOBODY : changed.filter((user) => !state.present(user)),
      to,
      also: null,
      record: null,
    }
    if (id !== '') this.#shard.noteId(this.id, caller.user, id, seq)
    this.#pending.push(pending)
    this.#shard.append(pending)
  }

  commit(entry: PendingEntry): void {
    this.#pending.shift()
    this.committed = entry.seq
    this.kept.add(entry)
    if (entry.kind !== ENTRY_KIND.message) this.standing.change(entry)
    this.#answer(entry)
    if (this.#isQuiet(entry.kind)) return
    const prev = this.#pushed
    this.#pushed = entry.seq
    this.#outlet.push(this, entry, prev)
  }

  #answer(entry: PendingEntry): void {
    if (entry.to === null && entry.also === null) return
    const sent = this.#sent(entry.seq, entry.time)
    entry.to?.reply(sent)
    for (const to of entry.also ?? []) to.reply(sent)
    // kept for a while yet; whoever asked is not
    entry.to = null
    entry.also = null
  }

  #isQuiet(kind: number): boolean {
    return this.large && (kind === ENTRY_KIND.joined || kind === ENTRY_KIND.left)
  }

  /** Takes an entry that an earlier owner stored and that is not archived yet; it is folded into the state already. */
  restore(entry: KeptEntry): void {
    this.committed = entry.seq
    this.#pushed = entry.seq
    this.kept.add(entry)
    this.standing.adopt()
    if (entry.id !== '') this.#shard.noteId(this.id, entry.sender, entry.id, entry.seq)
  }

  #sent(seq: number, time: number): OwnerReply {
    return { frame: 'sent', ref: 0, epoch: this.standing.epoch, seq, time }
  }

  #mark({ user, delivered, read }: Mark): void {
    const row = this.state.participants.get(user)
    if (row === undefined) return
    const before = { user, delivered: row.delivered, read: row.read }
    if (!this.state.mark(row, delivered, read)) return
    this.#outlet.receipt(this, { user, delivered: row.delivered, read: row.read }, before)
  }
}
