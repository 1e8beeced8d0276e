/**
 * Push lane: the pushes of one session. What its device does not acknowledge is repeated with growing pauses and then given up; a device
 * that reads too slowly is switched to paging: nothing more is pushed, and when its socket has drained it hears how far its
 * conversations have come. Made with the first push, so that an idle session does without.
 */
import type { Codec } from '../protocol/codec.js'
import type { PushFrame } from '../protocol/frames.js'
import type { ConversationId } from '../protocol/ids.js'
import type { Delivery } from './delivery.js'
import { MissedHeads } from './missed-heads.js'
import type { HostedSession, SessionHost } from './session-host.js'
import { UnackedPushes } from './unacked-pushes.js'
import type { UnackedPush } from './unacked-pushes.js'

/** The session as its lane sees it. */
export interface LaneSocket extends HostedSession {
  readonly codec: Codec
  /** Adds a frame to what leaves at the end of the turn. */
  put(frame: Uint8Array): void
  push(frame: PushFrame): void
  buffered(): number
  /** The device does not react any more. */
  giveUp(): void
}

/** Milliseconds after which unacknowledged pushes are repeated first; doubled each time. */
const REPEAT_MS = 3_000
const REPEATS = 3
/** Bytes in the socket's buffer above which a device counts as a slow reader. */
export const SLOW_BYTES = 256 * 1024
/** The same for bytes pushed and not acknowledged. */
const UNACKED_BYTES = 1024 * 1024

export class PushLane {
  /** Push frames given to the socket so far. */
  pushes = 0
  /** A device that never acknowledges (a person with wscat) is not pressed. */
  #acknowledges = false
  /** Given up when the lane is looked at and it is empty: made for each push it would cost more than the push. */
  #unacked: UnackedPushes | null = null
  #isWatched = false
  /** Set while the device is a slow reader. */
  #missed: MissedHeads | null = null
  readonly #socket: LaneSocket
  readonly #host: SessionHost

  constructor(socket: LaneSocket, host: SessionHost) {
    this.#socket = socket
    this.#host = host
  }

  /** True while the device is a slow reader: then a head is kept for it, and what is of the moment passes it by. */
  holds(frame: PushFrame): boolean {
    if (this.#missed === null) return false
    if (frame.frame === 'head') this.#missed.note(frame.conversation, frame.epoch, frame.seq)
    else if (frame.frame === 'resync') this.#missed.noteAll()
    return true
  }

  deliver(delivery: Delivery, now: number): void {
    if (this.#missed !== null) {
      const { conversation, epoch, seq } = delivery.fields
      this.#missed.note(conversation, epoch, seq)
      return
    }
    this.pushes++
    this.#host.counters.pushes++
    this.#socket.put(delivery.frame(this.#socket.codec))
    if (this.#acknowledges && !delivery.isFrom(this.#socket.user, this.#socket.device))
      this.#await(delivery.unacked(now))
  }

  #await(push: UnackedPush): void {
    const unacked = (this.#unacked ??= new UnackedPushes())
    if (unacked.size === 0) {
      unacked.attempts = 0
      unacked.due = push.at + REPEAT_MS
      this.#watch()
    }
    unacked.add(push)
    if (unacked.bytes > UNACKED_BYTES) this.fallBehind()
  }

  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    this.#host.watch(this.#socket)
  }

  /** The device acknowledges from now on. */
  begin(): void {
    this.#acknowledges = true
  }

  /** The device has everything of the conversation up to `seq`. */
  acknowledge(conversation: ConversationId, seq: number, now: number): void {
    const unacked = this.#unacked
    if (unacked === null) return
    const { counters } = this.#host
    const since = unacked.oldest?.at ?? now
    const settled = unacked.acknowledge(conversation, seq)
    if (settled === 0) return
    counters.pushesReceived += settled
    counters.deviceAckSeconds.observe(Math.max(0, now - since) / 1000)
    if (unacked.size === 0) return
    // it is alive and on its way: as in RFC 6298, 5.3, the pauses begin again
    unacked.attempts = 0
    unacked.due = now + REPEAT_MS
  }

  /** Once a second while something was pushed and not acknowledged, or held back; false when there is nothing of that. */
  check(now: number): boolean {
    this.drained()
    if (this.#unacked !== null) this.#repeat(this.#unacked, now)
    if (this.#unacked?.size === 0) this.#unacked = null
    this.#isWatched = this.#unacked !== null || this.#missed !== null
    return this.#isWatched
  }

  #repeat(unacked: UnackedPushes, now: number): void {
    const { oldest } = unacked
    if (oldest === undefined || unacked.due > now) return
    if (now - oldest.at < REPEAT_MS) {
      unacked.attempts = 0
      unacked.due = oldest.at + REPEAT_MS
      return
    }
    if (this.#socket.buffered() > 0) return
    if (unacked.attempts === REPEATS) {
      this.#host.counters.sessionsUnresponsive++
      this.#socket.giveUp()
      return
    }
    unacked.attempts++
    unacked.due = now + REPEAT_MS * 2 ** unacked.attempts
    this.#host.counters.pushRetries += unacked.size
    for (const { epoch, prev, entry } of unacked.list()) this.#socket.push({ frame: 'push', epoch, prev, entry })
  }

  /** The device reads too slowly: no more pushes until its socket has drained. */
  fallBehind(): void {
    if (this.#missed !== null) return
    this.#host.counters.slowReaders++
    this.#missed = new MissedHeads()
    this.#watch()
    for (const { conversation, epoch, seq } of this.#unacked?.list() ?? []) this.#missed.note(conversation, epoch, seq)
    this.#unacked = null
  }

  /** The socket's buffer may have run empty. */
  drained(): void {
    const missed = this.#missed
    if (missed === null || this.#socket.buffered() > 0) return
    this.#missed = null
    for (const frame of missed.frames()) this.#socket.push(frame)
  }
}
