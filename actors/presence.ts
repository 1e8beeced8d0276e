/**
 * Presence: who is online, for people to see. Eventual: a device that is neither touched nor left for TTL_SECONDS is gone.
 * Delivery never depends on it (that is the directory's work).
 */
import type { PresenceItem, PresenceState } from '../protocol/frames.js'
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'

export const PRESENCE_TTL_SECONDS = 300
/** How long it is remembered when a user was seen last. */
export const LAST_SEEN_SECONDS = 30 * 24 * 3600

/** The states that count for a user with several devices, the strongest first. */
const STRENGTH: readonly PresenceState[] = ['busy', 'online', 'away']

/** The state of a user whose devices have these. */
export function mergeStates(devices: readonly PresenceState[]): PresenceState {
  return STRENGTH.find((state) => devices.includes(state)) ?? 'offline'
}

export interface PresenceDevice {
  readonly user: UserId
  readonly device: DeviceId
  /** The session number: a leave of an older session does not remove a newer one. */
  readonly session: number
  readonly node: NodeId
  readonly state: Exclude<PresenceState, 'offline'>
}

export interface Presence {
  /** These devices are here now, for another PRESENCE_TTL_SECONDS. */
  touch(devices: readonly PresenceDevice[]): Promise<void>
  /** These sessions ended; last seen is now. */
  leave(devices: readonly PresenceDevice[]): Promise<void>
  /** One item per user asked, in that order. Devices merge: busy over online over away over offline. */
  query(users: readonly UserId[]): Promise<PresenceItem[]>
  close(): Promise<void>
}
