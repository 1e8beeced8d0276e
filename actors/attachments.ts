/**
 * Which session each device has, as known to the owner of `u:<user>`: the newest one lives and older ones are closed wherever they are.
 * Soft state of a shard: the nodes tell a new owner again.
 */
import type { NodeId } from './bus.js'
import type { AttachedSession, Claim } from './envelope.js'
import type { ShardId } from './journal.js'

export interface AttachmentsParts {
  shardOf(user: string): ShardId
  /** Ask that node whether the session is still there. */
  confirm(node: NodeId, session: AttachedSession): void
  /** Close this session, on that node. */
  displace(node: NodeId, session: AttachedSession): void
}

interface Attached extends AttachedSession {
  readonly node: NodeId
}

export class Attachments {
  readonly #parts: AttachmentsParts
  readonly #shards = new Map<ShardId, Map<string, Attached>>()

  constructor(parts: AttachmentsParts) {
    this.#parts = parts
  }

  /**
   * The higher number lives. A session that began and has the lower one is either news that was late, or newer by a clock that is
   * behind: it is asked after, and if it is still there it is the newer one.
   */
  attach(node: NodeId, session: AttachedSession, claim: Claim): void {
    const devices = this.#devices(this.#parts.shardOf(session.user))
    const key = `${session.user} ${session.device}`
    const known = devices.get(key)
    if (known === undefined || (known.node === node && known.session === session.session)) {
      devices.set(key, { ...session, node })
    } else if (claim === 'confirmed' || session.session > known.session) {
      devices.set(key, { ...session, node })
      this.#parts.displace(known.node, known)
    } else if (claim === 'began') this.#parts.confirm(node, session)
    else this.#parts.displace(node, session)
  }

  detach(node: NodeId, { user, device, session }: AttachedSession): void {
    const devices = this.#devices(this.#parts.shardOf(user))
    const key = `${user} ${device}`
    const known = devices.get(key)
    if (known?.node === node && known.session === session) devices.delete(key)
  }

  /** The shard is another node's now. */
  drop(shard: ShardId): void {
    this.#shards.delete(shard)
  }

  /** A node is gone, with its sessions. */
  dropNode(node: NodeId): void {
    for (const devices of this.#shards.values())
      for (const [key, attached] of devices) if (attached.node === node) devices.delete(key)
  }

  #devices(shard: ShardId): Map<string, Attached> {
    let devices = this.#shards.get(shard)
    if (devices === undefined) this.#shards.set(shard, (devices = new Map()))
    return devices
  }
}
