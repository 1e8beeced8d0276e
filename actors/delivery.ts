/**
 * A delivery: one stored entry on its way to the devices of a conversation's participants. The owner makes one, a bus message carries it
 * to each node that has some of them online, and there it is encoded once per codec in use, however many sockets get it.
 */
import type { Codec } from '../protocol/codec.js'
import { entryHeader } from '../protocol/entry-codec.js'
import type { EntryHeader } from '../protocol/entry-codec.js'
import type { ConversationId, DeviceId, UserId } from '../protocol/ids.js'
import type { UnackedPush } from './unacked-pushes.js'

export interface DeliveryFields {
  readonly conversation: ConversationId
  readonly epoch: number
  readonly prev: number
  readonly seq: number
  /** Time of the entry, milliseconds since 1970. */
  readonly time: number
  readonly kind: number
  /** Seq of the newest entry that changed the participants, before this one and as of it. */
  readonly membershipBefore: number
  readonly membershipSeq: number
  /** Who may see this entry although it put them out. */
  readonly leaving: readonly UserId[]
  /** The encoded entry. */
  readonly entry: Uint8Array
}

type Origin = Pick<EntryHeader, 'sender' | 'device'>

export class Delivery {
  readonly fields: DeliveryFields
  #msgpack: Uint8Array | null = null
  #json: Uint8Array | null = null
  #unacked: UnackedPush | null = null
  #origin: Origin | null

  /** Without `origin` it is read from the entry when somebody asks. */
  constructor(fields: DeliveryFields, origin: Origin | null = null) {
    this.fields = fields
    this.#origin = origin
  }

  /** The push, the same bytes for every socket of that codec. */
  frame(codec: Codec): Uint8Array {
    if (codec.name === 'msgpack') return (this.#msgpack ??= this.#encode(codec))
    return (this.#json ??= this.#encode(codec))
  }

  /** What is kept of it, from `now`, until a device acknowledges: one object for all of them. */
  unacked(now: number): UnackedPush {
    return (this.#unacked ??= this.#unackedFrom(now))
  }

  /** Whether this device sent it. */
  isFrom(user: UserId, device: DeviceId): boolean {
    const origin = (this.#origin ??= entryHeader(this.fields.entry))
    return origin.sender === user && origin.device === device
  }

  #encode(codec: Codec): Uint8Array {
    const { epoch, prev, entry } = this.fields
    return codec.encodeServerFrame({ frame: 'push', epoch, prev, entry })
  }

  #unackedFrom(at: number): UnackedPush {
    const { conversation, epoch, prev, seq, entry } = this.fields
    return { conversation, epoch, prev, seq, entry, at }
  }
}
