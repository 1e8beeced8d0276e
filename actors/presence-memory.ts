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
  /** Second since 1970. */
  readonly until: number
}

interface Seen {
  /** Nearly always one, which needs no list. */
  devices: Here | readonly Here[]
  /** Second since 1970. */
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
    const now = this.#second()
    this.#forget(now)
    for (const { user, device, session, state } of devices) {
      const seen = this.#see(user, now)
      if (isNewer(hereOf(seen, device), session, now)) continue
      const here = { device, session, state, until: now + PRESENCE_TTL_SECONDS }
      keep(seen, [...without(seen, device), here])
    }
  }

  async leave(devices: readonly PresenceDevice[]): Promise<void> {
    const now = this.#second()
    for (const { user, device, session } of devices) {
      const seen = this.#see(user, now)
      if (!isNewer(hereOf(seen, device), session, now)) keep(seen, without(seen, device))
    }
  }

  async query(users: readonly UserId[]): Promise<PresenceItem[]> {
    const now = this.#second()
    return users.map((user) => {
      const seen = this.#users.get(user)
      if (seen === undefined || isForgotten(seen, now)) return { user, state: 'offline', lastSeen: 0 }
      const here = listOf(seen).filter(({ until }) => until > now)
      return { user, state: mergeStates(here.map(({ state }) => state)), lastSeen: seen.last * 1000 }
    })
  }

  async close(): Promise<void> {}

  /** Whole seconds: V8 keeps small integers in place. */
  #second(): number {
    return Math.floor(this.#clock.now() / 1000)
  }

  #see(user: UserId, now: number): Seen {
    const seen = this.#users.get(user) ?? { devices: [], last: now }
    seen.last = now
    if (listOf(seen).some(({ until }) => until <= now))
      keep(
        seen,
        listOf(seen).filter(({ until }) => until > now),
      )
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

const isForgotten = (seen: Seen, now: number): boolean => seen.last + LAST_SEEN_SECONDS <= now

const listOf = ({ devices }: Seen): readonly Here[] => ('device' in devices ? [devices] : devices)

function keep(seen: Seen, devices: readonly Here[]): void {
  const [only] = devices
  seen.devices = only !== undefined && devices.length === 1 ? only : devices
}

const hereOf = (seen: Seen, device: DeviceId): Here | undefined => listOf(seen).find((here) => here.device === device)

const without = (seen: Seen, device: DeviceId): Here[] => listOf(seen).filter((here) => here.device !== device)

const isNewer = (here: Here | undefined, session: number, now: number): boolean =>
  here !== undefined && here.session > session && here.until > now
