/**
 * RookeryClient: what an application holds. It only wires: the connection carries frames, the sender and the requests await
 * replies, the inbox puts what comes in order, listeners get it. Everything that waits survives a broken line.
 */
import type { Role } from '../entry.js'
import type { ConversationItem, ParticipantItem, PresenceItem, Send, Sent, Welcome } from '../frames.js'
import type { ConversationId, UserId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { Backoff } from './backoff.js'
import { RookeryError, type ErrorCode } from './client-error.js'
import { Connection } from './connection.js'
import { dispatch } from './dispatch.js'
import { Events, type ClientEvents, type ClientState } from './events.js'
import { GuardedStorage } from './guarded-storage.js'
import { Inbox } from './inbox.js'
import { MessageIds } from './message-ids.js'
import { settle, type ClientOptions } from './options.js'
import { Queries, type HistoryOptions, type HistoryPage } from './queries.js'
import { ReadMarks } from './read-marks.js'
import { Requests, type ChangeRequest } from './requests.js'
import type { NewMessage } from './new-message.js'
import { Sender, type SentMessage } from './sender.js'
import type { Place } from './timeline.js'

/** The place and time of the entry that a change became. */
export type Changed = Pick<Sent, 'epoch' | 'seq' | 'time'>

export interface Counters {
  /** Welcomes after the first. */
  readonly reconnects: number
  /** Times that entries behind a position were asked for. */
  readonly resumes: number
  /** Pushes that did not follow what was there. */
  readonly gaps: number
  /** Entries that came a second time, and were dropped. */
  readonly duplicates: number
  /** Messages sent a second time. */
  readonly resent: number
}

export interface NewConversation {
  readonly title?: string
  /** Whether anybody may join; false by default. */
  readonly open?: boolean
  /** Participants from the start, at most 100. */
  readonly users?: readonly UserId[]
}

const utf8 = new TextEncoder()

/** Milliseconds between two attempts of the same command, while the server answers. */
const LONGEST_REPEAT = 3_000

export class RookeryClient {
  readonly #events = new Events()
  readonly #counters = { reconnects: 0, resumes: 0, gaps: 0, duplicates: 0 }
  readonly #ids: MessageIds
  readonly #storage: GuardedStorage
  readonly #connection: Connection
  readonly #sender: Sender
  readonly #requests: Requests
  readonly #queries: Queries
  readonly #inbox: Inbox
  readonly #read: ReadMarks
  #user: UserId | undefined
  #loading: Promise<void> | undefined

  /** Throws on a malformed URL. */
  constructor(options: ClientOptions) {
    const settings = settle(options)
    const nextRef = refs()
    const repeat = { min: settings.reconnect.min, max: Math.min(settings.reconnect.max, LONGEST_REPEAT) }
    this.#ids = new MessageIds(settings.clock)
    this.#storage = new GuardedStorage(settings.storage, this.#events)
    this.#connection = new Connection(settings, nextRef, this.#events, {
      online: this.#online.bind(this),
      offline: this.#offline.bind(this),
      frame: (frame) => {
        dispatch(frame, parts)
      },
      missing: () => {
        this.#inbox.resumeAll()
      },
      closed: this.#closed.bind(this),
    })
    const context = {
      ...settings,
      storage: this.#storage,
      events: this.#events,
      counters: this.#counters,
      nextRef,
      nextId: () => this.#ids.next(),
      newBackoff: () => new Backoff(repeat, settings.random),
      transmit: this.#connection.send.bind(this.#connection),
    }
    this.#sender = new Sender({ ...context, transmit: (send) => this.#transmitSend(send) })
    this.#requests = new Requests(context)
    this.#queries = new Queries(this.#requests, () => this.#user)
    this.#inbox = new Inbox(context)
    this.#read = new ReadMarks(context.transmit)
    const parts = { inbox: this.#inbox, sender: this.#sender, requests: this.#requests, events: this.#events }
  }

  /** With what is to be acknowledged, in one WebSocket message. */
  #transmitSend(send: Send): void {
    this.#inbox.tell()
    this.#connection.send(send)
  }

  /** What happened below the surface so far. */
  get counters(): Counters {
    return { ...this.#counters, resent: this.#sender.resent }
  }

  get state(): ClientState {
    return this.#connection.state
  }

  /** Known from the first welcome on. */
  get user(): UserId | undefined {
    return this.#user
  }

  /**
   * Resolves at the first welcome, however many attempts that takes. Rejects only when another attempt is of no use: a
   * refused token, a displaced device, `close`. After that it may be called again.
   */
  async connect(): Promise<void> {
    await this.#load()
    await this.#connection.start()
  }

  /** Says goodbye; what still awaits an answer is rejected with `closed`. */
  async close(): Promise<void> {
    this.#inbox.close()
    await this.#connection.stop()
  }

  /** The answer removes the listener. */
  on<N extends keyof ClientEvents>(name: N, listener: (event: ClientEvents[N]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Resolves when the server has stored the message, with its place. Messages of a conversation are stored in the order of
   * the calls. Rejects with a permanent reply error, `outbox-full`, `send-timeout`, `too-large`, or when the client closes.
   */
  async send(conversation: ConversationId, message: NewMessage): Promise<SentMessage> {
    await this.#load()
    return this.#sender.send(conversation, message)
  }

  /** Makes a group (`g:<uuid>`) or a room (`r:<name>`); this user is its owner. */
  create(
    conversation: ConversationId,
    { title = '', open = false, users = [] }: NewConversation = {},
  ): Promise<Changed> {
    return this.#change({ frame: 'create', conversation, title, open, users })
  }

  join(conversation: ConversationId): Promise<Changed> {
    return this.#change({ frame: 'join', conversation })
  }

  leave(conversation: ConversationId): Promise<Changed> {
    return this.#change({ frame: 'leave', conversation })
  }

  /** At most 100 users. */
  add(conversation: ConversationId, users: readonly UserId[]): Promise<Changed> {
    return this.#change({ frame: 'add', conversation, users })
  }

  /** At most 100 users. */
  remove(conversation: ConversationId, users: readonly UserId[]): Promise<Changed> {
    return this.#change({ frame: 'remove', conversation, users })
  }

  setRole(conversation: ConversationId, user: UserId, role: Role): Promise<Changed> {
    return this.#change({ frame: 'role', conversation, user, role })
  }

  rename(conversation: ConversationId, title: string): Promise<Changed> {
    return this.#change({ frame: 'rename', conversation, title })
  }

  /** One page of a conversation, entries in rising order of seq. */
  history(conversation: ConversationId, options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.#queries.history(conversation, options)
  }

  /** All conversations of the user, ordered by id. */
  conversations(): Promise<ConversationItem[]> {
    return this.#queries.conversations()
  }

  /** All participants, ordered by id, with how far each got. */
  participants(conversation: ConversationId): Promise<ParticipantItem[]> {
    return this.#queries.participants(conversation)
  }

  presence(users: readonly UserId[]): Promise<PresenceItem[]> {
    return this.#queries.presence(users)
  }

  /** The user read everything up to `seq`; many calls of a turn become one frame. */
  markRead(conversation: ConversationId, seq: number): void {
    this.#read.set({ conversation, epoch: this.position(conversation)?.epoch ?? 0, seq })
  }

  /** An ephemeral push to the others who are online; lost when this client is not. `name`: 1 to 32 characters. */
  signal(conversation: ConversationId, name: string, data: string | Uint8Array = ''): void {
    const bytes = typeof data === 'string' ? utf8.encode(data) : data
    if (bytes.length > LIMITS.signalBytes) throw new RookeryError('too-large', 'signal')
    this.#connection.send({ frame: 'signal', conversation, name, data: bytes })
  }

  typing(conversation: ConversationId): void {
    this.signal(conversation, 'typing')
  }

  /** What was delivered of a conversation: everything up to this place. */
  position(conversation: ConversationId): Place | undefined {
    return this.#inbox.position(conversation)
  }

  /** What the application holds of a conversation; deliveries go on behind it. */
  setPosition(conversation: ConversationId, { epoch, seq }: Place): void {
    this.#inbox.setPosition(conversation, { epoch, seq })
  }

  #load(): Promise<void> {
    this.#loading ??= this.#storage.load().then(({ positions, messages }) => {
      this.#inbox.load(positions)
      this.#sender.load(messages)
    })
    return this.#loading
  }

  #online(welcome: Welcome): void {
    if (this.#user !== undefined) this.#counters.reconnects++
    this.#user = welcome.user
    this.#ids.adjust(welcome.time)
    this.#requests.online()
    this.#inbox.online(welcome.user)
    this.#sender.online()
    this.#read.online()
  }

  #offline(): void {
    this.#requests.offline()
    this.#inbox.offline()
    this.#sender.offline()
    this.#read.offline()
  }

  #closed(code: number, name: ErrorCode): void {
    const reason = new RookeryError(name)
    this.#inbox.close()
    this.#sender.close(reason)
    this.#requests.close(reason)
    this.#events.emit('closed', { code, name })
  }

  async #change(change: ChangeRequest): Promise<Changed> {
    const { epoch, seq, time } = await this.#requests.ask('sent', change)
    return { epoch, seq, time }
  }
}

/** Numbers commands; 0 would ask for no answer. */
function refs(): () => number {
  let ref = 0
  return () => (ref = (ref % 0x7fff_ffff) + 1)
}
