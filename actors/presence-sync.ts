/**
 * Presence of this node's devices: written when they come and go, in batches, and refreshed in slices well before it would expire. A lost
 * store costs presence for a while and nothing else.
 */
import type { Clock } from './clock.js'
import type { Logger } from './logger.js'
import { PRESENCE_TTL_SECONDS } from './presence.js'
import type { Presence, PresenceDevice } from './presence.js'
import type { Session } from './session.js'

export interface PresenceSyncParts {
  readonly node: string
  readonly clock: Clock
  readonly log: Logger
  readonly presence: Presence
  sessions(): Iterable<Session>
  readonly size: () => number
}

const BATCH_MS = 200
const BATCH = 1_000
/** Each device is refreshed once in a third of its life. */
const ROUND_SECONDS = PRESENCE_TTL_SECONDS / 3

export class PresenceSync {
  readonly #parts: PresenceSyncParts
  #came = new Map<Session, PresenceDevice>()
  #went: PresenceDevice[] = []
  #scheduled = false
  #round: Iterator<Session> | null = null
  /** The node is draining: who goes comes back on another node. */
  #draining = false

  constructor(parts: PresenceSyncParts) {
    this.#parts = parts
  }

  came(session: Session): void {
    this.#came.set(session, this.#device(session))
    this.#schedule()
  }

  went(session: Session): void {
    if (!this.#came.delete(session) && !this.#draining) this.#went.push(this.#device(session))
    this.#schedule()
  }

  /**
   * From now on nobody is reported to have gone: a deploy must not show everybody as offline for the moment of coming back. Who does not come
   * back expires.
   */
  drain(): void {
    this.#draining = true
  }

  #device({ user, device, number }: Session): PresenceDevice {
    return { user, device, session: number, node: this.#parts.node, state: 'online' }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#parts.clock.after(BATCH_MS, () => void this.write())
  }

  /** Writes what came and went since the last batch. */
  async write(): Promise<void> {
    const came = [...this.#came.values()]
    const went = this.#went
    this.#came = new Map()
    this.#went = []
    this.#scheduled = false
    await this.#send(came, 'touch')
    await this.#send(went, 'leave')
  }

  async #send(devices: readonly PresenceDevice[], what: 'touch' | 'leave'): Promise<void> {
    try {
      for (let i = 0; i < devices.length; i += BATCH) await this.#parts.presence[what](devices.slice(i, i + BATCH))
    } catch (error) {
      this.#parts.log.warn({ devices: devices.length, error: String(error) }, 'presence was not written')
    }
  }

  /** Once a second: refreshes a slice. */
  sweep(): void {
    const slice: PresenceDevice[] = []
    for (let left = Math.ceil(this.#parts.size() / ROUND_SECONDS); left > 0; left--) {
      this.#round ??= this.#parts.sessions()[Symbol.iterator]()
      const next = this.#round.next()
      if (next.done === true) {
        this.#round = null
        break
      }
      slice.push(this.#device(next.value))
    }
    if (slice.length > 0) void this.#send(slice, 'touch')
  }
}
