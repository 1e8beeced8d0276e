/**
 * Sessions: all connected devices of this node, by user. Pushes for a user find their sockets here; at the end of a turn everything gathered
 * is written, one write per socket. Slow work over all sessions goes in slices, never over all at once.
 */
import type { CloseName } from '../protocol/close-codes.js'
import type { Codec } from '../protocol/codec.js'
import type { PushFrame } from '../protocol/frames.js'
import type { ConversationId, DeviceId, UserId } from '../protocol/ids.js'
import type { Kind } from './actor-system.js'
import type { Mark } from './outlet.js'
import type { Delivery } from './delivery.js'
import { DelayLine } from './delay-line.js'
import { Entrance } from './entrance.js'
import type { LocalSessions } from './fan-out.js'
import type { AnnouncedHead } from './recent-heads.js'
import { Session } from './session.js'
import type { SessionMessage } from './session.js'
import type { SessionHost } from './session-host.js'
import { TokenBucket } from './token-bucket.js'
import type { Rate } from './token-bucket.js'
import type { Connection } from './transport.js'
import { WritePace } from './write-pace.js'

export interface SessionsParts extends Omit<
  SessionHost,
  'opened' | 'ended' | 'enter' | 'holdSend' | 'dirty' | 'watch' | 'late'
> {
  /** Milliseconds until a new connection must have sent its connect frame. */
  readonly connectMs: number
  readonly kind: Kind<number, SessionMessage>
  /** Messages one user may send from all devices on this node. */
  readonly sendRate: Rate
  /** Asks for a turn, at whose end `flush` is called. */
  wake(): void
  /** A device came; its session has a number. `first`: the user had no session on this node. */
  came(session: Session, first: boolean): void
  /** A device went. `last`: the user has no session on this node any more. */
  went(session: Session, last: boolean): void
}

/** A receipt waits so long for something else to be written to the socket. */
const LATE = { delay: 800, step: 50 }
/** Between two looks at a session with unacknowledged pushes. */
const WATCH = { delay: 1_000, step: 50 }
/** Missed application pings that end a connection. */
const MISSED_PINGS = 3
/** All sessions are looked at once in so many seconds. */
const ROUND_SECONDS = 15

export class Sessions implements SessionHost, LocalSessions {
  readonly #parts: SessionsParts
  readonly #byUser = new Map<UserId, Session | Session[]>()
  /** Connections without a user yet, and when they came; the oldest first. */
  readonly #new = new Map<Session, number>()
  readonly #dirty: Session[] = []
  readonly #watched: DelayLine<Session>
  /** Sessions that may hold something for their next write. */
  readonly #late: DelayLine<Session>
  /** Of users who sent something since their first session began. */
  readonly #sends = new Map<UserId, TokenBucket>()
  #round: Iterator<Session> | null = null
  #id = 0
  #number = 0
  readonly #entrance: Entrance
  readonly #pace: WritePace

  constructor(parts: SessionsParts) {
    this.#parts = parts
    const { clock } = parts
    this.#entrance = new Entrance(clock)
    this.#watched = new DelayLine(clock, WATCH, (sessions) => this.#check(sessions))
    this.#late = new DelayLine(clock, LATE, (sessions) => sessions.forEach((session) => session.flushLate()))
    this.#pace = new WritePace(clock, () => parts.wake())
  }

  get node(): string {
    return this.#parts.node
  }
  get clock(): SessionsParts['clock'] {
    return this.#parts.clock
  }
  get counters(): SessionsParts['counters'] {
    return this.#parts.counters
  }
  get authenticator(): SessionsParts['authenticator'] {
    return this.#parts.authenticator
  }
  get pingSeconds(): number {
    return this.#parts.pingSeconds
  }
  get rate(): SessionsParts['rate'] {
    return this.#parts.rate
  }

  get size(): number {
    return this.counters.sessions
  }

  users(): Iterable<UserId> {
    return this.#byUser.keys()
  }

  /** The sessions that have a user; stays good while sessions come and go. */
  *all(): Iterable<Session> {
    for (const actor of this.#parts.kind.actors()) if (actor instanceof Session && actor.phase === 'open') yield actor
  }

  connect(connection: Connection, codec: Codec): Session {
    const session = new Session(connection, codec, this)
    session.ref = this.#parts.kind.spawn(++this.#id, session)
    this.#new.set(session, this.clock.now())
    return session
  }

  // ── what sessions ask for ───────────────────────────────────────────────────────────────────────────────────────────

  opened(session: Session, wanted: number): boolean {
    const { user, device } = session
    const highest = this.#highestNumber(user, device)
    if (wanted > 0 && wanted <= highest) return false
    this.#new.delete(session)
    this.counters.sessions++
    session.number = wanted > 0 ? wanted : this.#nextNumber(highest)
    const first = this.#addToUser(session)
    this.#parts.came(session, first)
    this.#closeOthers(session)
    return true
  }

  #nextNumber(known: number): number {
    this.#number = Math.max(this.clock.now(), this.#number + 1)
    return Math.max(this.#number, Math.min(known + 1, Number.MAX_SAFE_INTEGER))
  }

  #highestNumber(user: UserId, device: DeviceId): number {
    let highest = 0
    this.#of(user, (session) => {
      if (session.device === device) highest = Math.max(highest, session.number)
    })
    return highest
  }

  ended(session: Session, wasOpen: boolean): void {
    this.#new.delete(session)
    if (!wasOpen) return
    this.counters.sessions--
    this.#parts.went(session, this.#removeFromUser(session))
  }

  enter(session: Session, step: () => void): void {
    this.#entrance.pass(() => {
      // its own time goes on where it waited for us
      if (this.#new.delete(session)) this.#new.set(session, this.clock.now())
      step()
    })
  }

  dirty(session: Session): void {
    if (this.#dirty.length === 0) this.#parts.wake()
    this.#dirty.push(session)
  }

  late(session: Session): void {
    this.#late.add(session)
  }

  watch(session: Session): void {
    this.#watched.add(session)
  }

  #check(sessions: readonly Session[]): void {
    const now = this.clock.now()
    for (const session of sessions) if (session.check(now)) this.#watched.add(session)
  }

  get route(): SessionHost['route'] {
    return this.#parts.route
  }
  get mark(): SessionHost['mark'] {
    return this.#parts.mark
  }
  get signal(): SessionHost['signal'] {
    return this.#parts.signal
  }
  get presence(): SessionHost['presence'] {
    return this.#parts.presence
  }

  holdSend(user: UserId, now: number): number {
    const { sendRate } = this.#parts
    let bucket = this.#sends.get(user)
    if (bucket === undefined) this.#sends.set(user, (bucket = new TokenBucket(sendRate, now)))
    return bucket.take(sendRate, now) ? 0 : Math.max(1, bucket.wait(sendRate, now))
  }

  // ── users ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  #addToUser(session: Session): boolean {
    const known = this.#byUser.get(session.user)
    if (known === undefined) this.#byUser.set(session.user, session)
    else if (known instanceof Session) this.#byUser.set(session.user, [known, session])
    else known.push(session)
    return known === undefined
  }

  #removeFromUser(session: Session): boolean {
    const known = this.#byUser.get(session.user)
    const left = (known instanceof Session ? [known] : (known ?? [])).filter((other) => other !== session)
    const [only] = left
    if (only === undefined) this.#forgetUser(session.user)
    else this.#byUser.set(session.user, left.length === 1 ? only : left)
    return only === undefined
  }

  #forgetUser(user: UserId): void {
    this.#byUser.delete(user)
    this.#sends.delete(user)
  }

  #of(user: UserId, task: (session: Session) => void): void {
    const known = this.#byUser.get(user)
    if (known === undefined) return
    if (known instanceof Session) task(known)
    else for (const session of [...known]) task(session)
  }

  // ── pushes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  deliver(users: Iterable<UserId>, delivery: Delivery): void {
    const now = this.clock.now()
    this.counters.deliverySeconds.observe(Math.max(0, now - delivery.fields.time) / 1000)
    for (const user of users) {
      const known = this.#byUser.get(user)
      if (known === undefined) continue
      if (known instanceof Session) known.deliver(delivery, now)
      else for (const session of known) session.deliver(delivery, now)
    }
  }

  receipts(user: UserId, conversation: ConversationId, items: readonly Mark[]): void {
    this.#of(user, (session) => session.pushLate({ frame: 'receipts', conversation, items }))
  }

  signalled(
    users: Iterable<UserId>,
    conversation: ConversationId,
    sender: UserId,
    name: string,
    data: Uint8Array,
  ): void {
    const others = [...users].filter((user) => user !== sender)
    this.#push(others, { frame: 'signalled', conversation, sender, name, data })
  }

  head(users: Iterable<UserId>, { conversation, epoch, seq }: AnnouncedHead): void {
    this.#push(users, { frame: 'head', conversation, epoch, seq })
  }

  #push(users: Iterable<UserId>, frame: PushFrame): void {
    for (const user of users) this.#of(user, (session) => session.push(frame))
  }

  /** Pushes a frame to every session. */
  pushAll(frame: PushFrame): void {
    for (const session of this.all()) session.push(frame)
  }

  // ── closing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #closeOthers(newest: Session): void {
    this.#of(newest.user, (session) => {
      if (session.device === newest.device && session !== newest) session.close('displaced')
    })
  }

  /** Closes the one session of a device with this number. */
  displace(user: UserId, device: DeviceId, number: number): void {
    this.#of(user, (session) => {
      if (session.device === device && session.number === number) session.close('displaced')
    })
  }

  disconnect(user: UserId, device: DeviceId | null, close: CloseName): void {
    this.#of(user, (session) => {
      if (device === null || session.device === device) session.close(close)
    })
  }

  // ── turns and seconds ───────────────────────────────────────────────────────────────────────────────────────────────

  flush(): void {
    if (this.#dirty.length === 0 || !this.#pace.isTime()) return
    const start = this.clock.now()
    let frames = 0
    for (let i = 0; i < this.#dirty.length; i++) frames += (this.#dirty[i] as Session).flush()
    this.#pace.wrote(start, this.#dirty.length, frames)
    this.#dirty.length = 0
  }

  /** Once a second. */
  sweep(): void {
    const now = this.clock.now()
    for (const [session, since] of this.#new) {
      if (now - since < this.#parts.connectMs) break
      if (session.phase !== 'waiting') session.close('connect-timeout')
    }
    this.#sweepSlice(now)
  }

  #sweepSlice(now: number): void {
    for (let left = Math.ceil(this.size / ROUND_SECONDS); left > 0; left--) {
      this.#round ??= this.all()[Symbol.iterator]()
      const next = this.#round.next()
      if (next.done === true) {
        this.#round = null
        return
      }
      this.#examine(next.value, now)
    }
  }

  #examine(session: Session, now: number): void {
    const second = Math.floor(now / 1000)
    if (session.expires > 0 && session.expires <= second) session.close('token-expired')
    else if (session.pingedAt > 0 && second - session.pingedAt > MISSED_PINGS * this.pingSeconds)
      session.close('no-heartbeat')
  }
}
