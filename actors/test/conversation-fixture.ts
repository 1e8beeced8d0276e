/**
 * One conversation on a shard that stores when the test says so: commands go in, replies and pushes come out. History is the one in memory,
 * empty at first.
 */
import { encodeBody } from '../../protocol/entry-codec.js'
import type { Send } from '../../protocol/frames.js'
import type { ConversationId, MessageId, UserId } from '../../protocol/ids.js'
import { VirtualClock } from '../clock-virtual.js'
import type { OwnerCommand, OwnerReply } from '../command.js'
import { Conversation } from '../conversation.js'
import type { ConversationShard } from '../conversation.js'
import type { Mark } from '../outlet.js'
import { ConversationState } from '../conversation-state.js'
import { Counters } from '../counters.js'
import { MemoryHistoryStore } from '../history-memory.js'
import type { PendingEntry } from '../pending-entry.js'
import { seededRandom } from '../random.js'
import type { Caller } from '../transport.js'
import { GROUP, NOW, as, idOf } from './entry-fixture.js'

class StoringShard implements ConversationShard {
  readonly clock = new VirtualClock(NOW)
  readonly store = new MemoryHistoryStore({ clock: this.clock, random: seededRandom(1) })
  readonly history = this.store.history('n')
  readonly counters = new Counters()
  readonly ids = new Map<string, number>()
  readonly waiting: PendingEntry[] = []
  readonly passive: Conversation[] = []
  refusal: 'unavailable' | 'overloaded' | null = null

  seqOf(_conversation: ConversationId, sender: UserId, id: MessageId): number {
    return this.ids.get(`${sender} ${id}`) ?? 0
  }

  noteId(_conversation: ConversationId, sender: UserId, id: MessageId, seq: number): void {
    this.ids.set(`${sender} ${id}`, seq)
  }

  refuses(): 'unavailable' | 'overloaded' | null {
    return this.refusal
  }

  append(entry: PendingEntry): void {
    this.waiting.push(entry)
  }

  passivated(conversation: Conversation): void {
    this.passive.push(conversation)
  }
}

export function makeConversation(conversation: ConversationId = GROUP) {
  const shard = new StoringShard()
  const state = new ConversationState(conversation)
  state.epoch = 7
  const pushes: { readonly seq: number; readonly prev: number }[] = []
  const receipts: Mark[] = []
  const signals: string[] = []
  const actor = new Conversation(state, shard, {
    push: (_, { seq }, prev) => pushes.push({ seq, prev }),
    receipt: (_, mark) => receipts.push(mark),
    signal: (_, sender, name) => signals.push(`${sender} ${name}`),
  })
  /** The journal stores everything that waits. */
  const commit = () => {
    for (const entry of shard.waiting.splice(0)) actor.commit(entry)
  }
  /** Gives a command; the replies to it gather in the answer. */
  const ask = (caller: Caller, command: OwnerCommand): OwnerReply[] => {
    const replies: OwnerReply[] = []
    const to = { reply: (reply: OwnerReply) => void replies.push(reply) }
    void actor.receive({ kind: 'command', caller, command, to })
    return replies
  }
  /** Gives a command and stores what comes of it; the one reply. */
  const done = async (caller: Caller, command: OwnerCommand): Promise<OwnerReply | undefined> => {
    const replies = ask(caller, command)
    commit()
    await shard.clock.run(shard.clock.now())
    commit()
    await shard.clock.run(shard.clock.now())
    return replies[0]
  }
  /** Ann creates it with others as members. */
  const create = (users: readonly UserId[] = [], open = false) =>
    done(as('ann'), { frame: 'create', ref: 1, conversation, title: 'title', open, users })
  return { shard, state, actor, pushes, receipts, signals, commit, ask, done, create }
}

export function sendOf(name: string, fields: Partial<Send> = {}): Send {
  const id = idOf(name)
  const content = new TextEncoder().encode(name)
  const body = encodeBody({ id, type: 1, content, extra: null, priority: 0, ttl: 0 })
  return { frame: 'send', ref: 1, conversation: GROUP, after: null, id, type: 1, body, ...fields }
}
