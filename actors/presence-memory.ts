/**
 * Presence in memory: of one node, for the embedded default, and the test double. What expired is noticed when somebody asks.
 * Its twin for several nodes is cluster/presence-redis.ts.
 */
import type { PresenceItem, PresenceState } from '../protocol/frames.js'
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { Clock } from './clock.js'
import { LAST_SEEN_SECONDS, mergeStates, PRESENCE_TTL_SECONDS, type Presence, type PresenceDevice } from './presence.js'

interface Here {
  readonly device: DeviceId
  readonly session: number
  readonly state: PresenceState
  readonly until: number
}

interface Seen {
  /** One or two: a list costs a third of a map, a hundred thousand times. */
  devices: Here[]
  last: number
}

export class MemoryPresence implements Presence {
  readonly #clock: Clock
  /** The user seen last comes last, so that who is forgotten comes first. */
  readonly #users = new Map<UserId, Seen>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async touch(devices: readonly PresenceDevice[]): Promise<void> {
    const now = this.#clock.now()
    this.#forget(now)
    for (const { user, device, session, state } of devices) {
      const seen = this.#see(user, now)
      if (isNewer(hereOf(seen, device), session, now)) continue
      const here = { device, session, state, until: now + PRESENCE_TTL_SECONDS * 1000 }
      seen.devices = [...without(seen, device), here]
    }
  }

  async leave(devices: readonly PresenceDevice[]): Promise<void> {
    const now = this.#clock.now()
    for (const { user, device, session } of devices) {
      const seen = this.#see(user, now)
      if (!isNewer(hereOf(seen, device), session, now)) seen.devices = without(seen, device)
    }
  }

  async query(users: readonly UserId[]): Promise<PresenceItem[]> {
    const now = this.#clock.now()
    return users.map((user) => {
      const seen = this.#users.get(user)
      if (seen === undefined || isForgotten(seen, now)) return { user, state: 'offline', lastSeen: 0 }
      const here = seen.devices.filter(({ until }) => until > now)
      return { user, state: mergeStates(here.map(({ state }) => state)), lastSeen: seen.last }
    })
  }

  async close(): Promise<void> {}

  #see(user: UserId, now: number): Seen {
    const seen = this.#users.get(user) ?? { devices: [], last: now }
    seen.last = now
    if (seen.devices.some(({ until }) => until <= now)) seen.devices = seen.devices.filter(({ until }) => until > now)
    this.#users.delete(user)
    this.#users.set(user, seen)
    return seen
  }

  #forget(now: number): void {
    for (const [user, seen] of this.#users) {
      if (!isForgotten(seen, now)) return
      this.#users.delete(user)
    }
  }
}

const isForgotten = (seen: Seen, now: number): boolean => seen.last + LAST_SEEN_SECONDS * 1000 <= now

const hereOf = (seen: Seen, device: DeviceId): Here | undefined => seen.devices.find((here) => here.device === device)

const without = (seen: Seen, device: DeviceId): Here[] => seen.devices.filter((here) => here.device !== device)

const isNewer = (here: Here | undefined, session: number, now: number): boolean =>
  here !== undefined && here.session > session && here.until > now
