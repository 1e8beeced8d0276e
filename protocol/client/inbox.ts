/**
 * Inbox: everything that comes to this device. It keeps a timeline for each conversation, resumes those that are behind, one
 * question at a time, gives each entry on once and in order, and tells the server (and the storage) how far it got. The
 * entries of `u:<user>` tell it which conversations there are.
 */
import { decodeEntry } from '../entry-codec.js'
import type { Entry } from '../entry.js'
import { REPLY_ERRORS } from '../errors.js'
import type { ErrorReply, Head, Item, Page, Position, Push, Received, Resume, Resumed } from '../frames.js'
import { userConversation, type ConversationId, type UserId } from '../ids.js'
import { LIMITS } from '../limits.js'
import type { Backoff } from './backoff.js'
import { RookeryError } from './client-error.js'
import { ClientEntry } from './client-entry.js'
import type { ClientClock } from './clock.js'
import type { Events } from './events.js'
import type { GuardedStorage } from './guarded-storage.js'
import { Marks } from './marks.js'
import { noticeOf } from './notice.js'
import { ResumeQueue } from './resume-queue.js'
import type { StoredPosition } from './storage.js'
import { Timeline, type Place, type Placed, type Step } from './timeline.js'

export interface InboxCounters {
  resumes: number
  gaps: number
  duplicates: number
}

export interface InboxContext {
  readonly clock: ClientClock
  readonly storage: GuardedStorage
  readonly events: Events
  readonly newBackoff: () => Backoff
  readonly counters: InboxCounters
  readonly nextRef: () => number
  readonly transmit: (command: Resume | Received) => void
}

interface Known {
  readonly timeline: Timeline<Entry>
  /** Of the newest entry. */
  time: number
  /** The entry that let the user out; beyond it there is nothing to ask for. */
  until: Place | undefined
}

/** Milliseconds in which marks gather before one frame tells them. */
const GATHER = 500

export class Inbox {
  readonly #context: InboxContext
  readonly #backoff: Backoff
  readonly #known = new Map<ConversationId, Known>()
  readonly #queue = new ResumeQueue(LIMITS.positions)
  readonly #received = new Marks(LIMITS.positions)
  #user = ''
  #own: ConversationId | undefined
  #isOnline = false
  /** Ref of the resume that awaits its answer. */
  #asking: number | undefined
  #cancelTelling: (() => void) | undefined
  #cancelWaking: (() => void) | undefined

  constructor(context: InboxContext) {
    this.#context = context
    this.#backoff = context.newBackoff()
  }

  load(positions: readonly StoredPosition[]): void {
    for (const { conversation, epoch, seq, time } of positions) {
      if (!this.#known.has(conversation)) this.#learn(conversation, { epoch, seq }, time)
      this.#received.set({ conversation, epoch, seq })
    }
  }

  /** Resumes everything known: the user's own conversation first, then the most recent ones. */
  online(user: UserId): void {
    this.#isOnline = true
    this.#user = user
    this.#own = userConversation(user)
    if (!this.#known.has(this.#own)) this.#learn(this.#own)
    this.#received.repeat()
    this.resumeAll()
    this.#tellLater(0)
  }

  offline(): void {
    this.#isOnline = false
    this.#queue.clear()
    this.#cancelWaking?.()
    this.#cancelWaking = undefined
  }

  close(): void {
    this.tell()
    this.offline()
  }

  resumeAll(): void {
    const current = [...this.#known].filter(([, known]) => !isLeft(known))
    current.sort(([a, { time: x }], [b, { time: y }]) => Number(b === this.#own) - Number(a === this.#own) || y - x)
    for (const [conversation] of current) this.#queue.add(conversation)
    this.#pump()
  }

  position(conversation: ConversationId): Place | undefined {
    const place = this.#known.get(conversation)?.timeline.place
    return place?.epoch === 0 ? undefined : place
  }

  setPosition(conversation: ConversationId, place: Place): void {
    const known = this.#known.get(conversation) ?? this.#learn(conversation)
    known.timeline.move(place)
    this.#context.storage.savePositions([{ conversation, ...place, time: known.time }])
    this.#mark(conversation, known)
    this.#queue.add(conversation)
    this.#pump()
  }

  push({ epoch, prev, entry: bytes }: Push): void {
    const [placed] = this.#decode([{ prev, entry: bytes }])
    if (placed === undefined) return
    const { conversation } = placed.entry
    const known = this.#known.get(conversation) ?? this.#learn(conversation)
    const step = known.timeline.push(epoch, placed)
    this.#follow(conversation, known, step)
    if (!step.behind || this.#queue.has(conversation)) return
    this.#context.counters.gaps++
    this.#queue.add(conversation)
    this.#pump()
  }

  head({ conversation, epoch, seq }: Head): void {
    const known = this.#known.get(conversation) ?? this.#learn(conversation)
    if (!known.timeline.isBehind({ epoch, seq })) return
    this.#queue.add(conversation)
    this.#pump()
  }

  resumed({ ref, pages, errors }: Resumed): void {
    if (ref !== this.#asking) return
    this.#asking = undefined
    const asked = new Map(this.#queue.answered())
    for (const page of pages) {
      const position = asked.get(page.conversation)
      if (position && asked.delete(page.conversation)) this.#page(position, page)
    }
    for (const { conversation, error } of errors) {
      if (REPLY_ERRORS[error].temporary || !asked.delete(conversation)) continue
      this.#forget(conversation, new RookeryError(error, conversation))
    }
    this.#postpone(asked.keys(), 0)
    this.#pump()
  }

  /** False when the reply is not to a resume. */
  refused({ ref, error, detail, retry }: ErrorReply): boolean {
    if (ref !== this.#asking) return false
    this.#asking = undefined
    const asked = this.#queue.answered()
    if (REPLY_ERRORS[error].temporary) this.#postpone(asked.keys(), retry)
    else this.#context.events.emit('error', new RookeryError(error, detail))
    this.#pump()
    return true
  }

  #learn(conversation: ConversationId, place?: Place, time = 0): Known {
    const known = { timeline: new Timeline<Entry>(place), time, until: undefined }
    this.#known.set(conversation, known)
    return known
  }

  #pump(): void {
    if (!this.#isOnline) return
    const positions = this.#queue.next((conversation) => this.position(conversation) ?? { epoch: 0, seq: 0 })
    if (positions.length === 0) return
    const ref = this.#context.nextRef()
    this.#asking = ref
    this.#context.counters.resumes++
    this.#context.transmit({ frame: 'resume', ref, positions, limit: LIMITS.pageEntries })
  }

  #page(asked: Place, page: Page): void {
    const { conversation } = page
    const known = this.#known.get(conversation)
    if (known === undefined) return
    const step = known.timeline.page(asked, { ...page, items: this.#decode(page.items) })
    if (step.unrecovered) this.#context.events.emit('unrecovered', { conversation, epoch: page.epoch, head: page.head })
    this.#follow(conversation, known, step)
    const isProgress = step.deliver.length > 0 || step.unrecovered
    if (isProgress) this.#backoff.reset()
    if (step.behind && isProgress) this.#queue.add(conversation)
    else if (step.behind) this.#postpone([conversation], 0)
  }

  #follow(conversation: ConversationId, known: Known, { deliver, duplicates }: Step<Entry>): void {
    this.#context.counters.duplicates += duplicates
    const { epoch } = known.timeline.place
    for (const entry of deliver) {
      known.time = entry.time
      this.#deliver(new ClientEntry(entry, epoch, this.#user))
    }
    if (deliver.length > 0) this.#mark(conversation, known)
  }

  #deliver(entry: ClientEntry): void {
    this.#context.events.emit('entry', entry)
    if (entry.kind === 'message') this.#context.events.emit('message', entry)
    if (entry.conversation === this.#own) this.#notice(entry)
  }

  #notice(entry: ClientEntry): void {
    const notice = noticeOf(entry)
    if (notice === undefined) return
    const { conversation, epoch, seq, isEntered } = notice
    let known = this.#known.get(conversation)
    if (isEntered) known ??= this.#learn(conversation, { epoch, seq: seq - 1 }, entry.time)
    if (known === undefined) return
    // a push may have come first, and an unknown place is not kept by the storage while the notice is
    if (isEntered && known.timeline.place.epoch === 0) known.timeline.move({ epoch, seq: seq - 1 })
    known.until = isEntered ? undefined : { epoch, seq }
    if (known.timeline.isBehind({ epoch, seq })) this.#queue.add(conversation)
    this.#mark(conversation, known)
    this.#pump()
  }

  /** What cannot be read is reported and left out: the page that comes for the gap goes on behind it. */
  #decode(items: readonly Item[]): Placed<Entry>[] {
    return items.flatMap(({ prev, entry }) => {
      try {
        return [{ prev, entry: decodeEntry(entry) }]
      } catch (cause) {
        this.#context.events.emit('error', new RookeryError('bad-frame', 'an entry cannot be read', cause))
        return []
      }
    })
  }

  #postpone(conversations: Iterable<ConversationId>, retry: number): void {
    const all = [...conversations]
    for (const conversation of all) this.#queue.postpone(conversation)
    if (all.length === 0 || this.#cancelWaking) return
    this.#cancelWaking = this.#context.clock.after(Math.max(retry, this.#backoff.next()), () => {
      this.#cancelWaking = undefined
      this.#queue.wake()
      this.#pump()
    })
  }

  #forget(conversation: ConversationId, reason: RookeryError): void {
    this.#known.delete(conversation)
    this.#received.forget(conversation)
    this.#context.storage.dropPosition(conversation)
    if (conversation !== this.#own) this.#context.events.emit('error', reason)
  }

  #mark(conversation: ConversationId, { timeline }: Known): void {
    if (timeline.place.epoch > 0) this.#received.set({ conversation, ...timeline.place })
    this.#tellLater(GATHER)
  }

  #tellLater(ms: number): void {
    this.#cancelTelling ??= this.#context.clock.after(ms, () => {
      this.tell()
    })
  }

  /** Tells what is untold, now: before something else is sent, at the latest `GATHER` after it came. */
  tell(): void {
    this.#cancelTelling?.()
    this.#cancelTelling = undefined
    const batches = this.#received.take()
    if (this.#isOnline) for (const positions of batches) this.#context.transmit({ frame: 'received', positions })
    if (batches.length > 0) this.#save(batches.flat())
  }

  /** A conversation that the user is out of, and knows it, need not be resumed by the next client. */
  #save(positions: readonly Position[]): void {
    const dated: StoredPosition[] = []
    for (const position of positions) {
      const known = this.#known.get(position.conversation)
      if (known && !isLeft(known)) dated.push({ ...position, time: known.time })
      else {
        this.#received.forget(position.conversation)
        this.#context.storage.dropPosition(position.conversation)
      }
    }
    this.#context.storage.savePositions(dated)
  }
}

const isLeft = ({ until, timeline }: Known): boolean => until !== undefined && !timeline.isBehind(until)
