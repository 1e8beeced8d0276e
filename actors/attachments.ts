/**
 * Which session each device has, as known to the owner of `u:<user>`: the newest one lives and older ones are closed wherever they are.
 * Soft state of a shard: the nodes tell a new owner again.
 */
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { NodeId } from './bus.js'
import type { AttachedSession, Claim } from './envelope.js'
import type { ShardId } from './journal.js'

export interface AttachmentsParts {
  shardOf(user: UserId): ShardId
  /** Ask that node whether the session is still there. */
  confirm(node: NodeId, session: AttachedSession): void
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

  /**
   * The higher number lives. A session that began and has the lower one is either news that was late, or newer by a clock that is
   * behind: it is asked after, and if it is still there it is the newer one.
   */
  attach(node: NodeId, session: AttachedSession, claim: Claim): void {
    const known = this.#known(session)
    if (known === undefined || (known.node === node && known.session === session.session)) {
      this.#put(node, session)
    } else if (claim === 'confirmed' || session.session > known.session) {
      this.#put(node, session)
      this.#parts.displace(known.node, { ...session, session: known.session })
    } else if (claim === 'began') this.#parts.confirm(node, session)
    else this.#parts.displace(node, session)
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
