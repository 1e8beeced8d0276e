/**
 * Which session each device has, as known to the owner of `u:<user>`: the newest one lives and older ones are closed wherever they are.
 * Soft state of a shard: the nodes tell a new owner again.
 */
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { AttachedSession } from './envelope.js'
import type { ShardId } from './journal.js'

export interface AttachmentsParts {
  shardOf(user: UserId): ShardId
  /** Close this session, on that node. */
  displace(node: NodeId, session: AttachedSession): void
}

interface Attached {
  readonly node: NodeId
  readonly device: DeviceId
  readonly session: number
}

type Devices = Attached | readonly Attached[]

export class Attachments {
  readonly #parts: AttachmentsParts
  /** Most users have one device, and need no list. */
  readonly #shards = new Map<ShardId, Map<UserId, Devices>>()

  constructor(parts: AttachmentsParts) {
    this.#parts = parts
  }

  /** The higher number lives, in whatever order the news comes in; of equal ones the first. */
  attach(node: NodeId, session: AttachedSession): void {
    const known = this.#known(session)
    const isKnown = known?.node === node && known.session === session.session
    if (known !== undefined && !isKnown && session.session <= known.session) {
      this.#parts.displace(node, session)
      return
    }
    this.#put(node, session)
    if (known !== undefined && !isKnown) this.#parts.displace(known.node, { ...session, session: known.session })
  }

  detach(node: NodeId, session: AttachedSession): void {
    const known = this.#known(session)
    if (known?.node === node && known.session === session.session) this.#keepOthers(session, [])
  }

  /** The shard is another node's now. */
  drop(shard: ShardId): void {
    this.#shards.delete(shard)
  }

  /** A node is gone, with its sessions. */
  dropNode(node: NodeId): void {
    for (const users of this.#shards.values()) {
      for (const [user, devices] of users) {
        const left = listOf(devices).filter((attached) => attached.node !== node)
        put(users, user, left)
      }
    }
  }

  #known({ user, device }: AttachedSession): Attached | undefined {
    return listOf(this.#users(user).get(user)).find((attached) => attached.device === device)
  }

  #put(node: NodeId, session: AttachedSession): void {
    this.#keepOthers(session, [{ node, device: session.device, session: session.session }])
  }

  /** Puts `now` in the place of what is known of the device. */
  #keepOthers({ user, device }: AttachedSession, now: readonly Attached[]): void {
    const users = this.#users(user)
    const others = listOf(users.get(user)).filter((attached) => attached.device !== device)
    put(users, user, [...others, ...now])
  }

  #users(user: UserId): Map<UserId, Devices> {
    const shard = this.#parts.shardOf(user)
    let users = this.#shards.get(shard)
    if (users === undefined) this.#shards.set(shard, (users = new Map<UserId, Devices>()))
    return users
  }
}

function listOf(devices: Devices | undefined): readonly Attached[] {
  if (devices === undefined) return []
  return 'node' in devices ? [devices] : devices
}

function put(users: Map<UserId, Devices>, user: UserId, devices: readonly Attached[]): void {
  const [only] = devices
  if (only === undefined) users.delete(user)
  else users.set(user, devices.length === 1 ? only : devices)
}
