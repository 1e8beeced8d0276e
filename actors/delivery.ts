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
  #msgpack: UnackedPush | null = null
  #json: UnackedPush | null = null
  #origin: Origin | null

  /** Without `origin` it is read from the entry when somebody asks. */
  constructor(fields: DeliveryFields, origin: Origin | null = null) {
    this.fields = fields
    this.#origin = origin
  }

  /** The push that begins `now`: the same object, with the same bytes, for every socket of that codec. */
  push(codec: Codec, now: number): UnackedPush {
    if (codec.name === 'msgpack') return (this.#msgpack ??= this.#encode(codec, now))
    return (this.#json ??= this.#encode(codec, now))
  }

  /** Whether this device sent it. */
  isFrom(user: UserId, device: DeviceId): boolean {
    const origin = (this.#origin ??= entryHeader(this.fields.entry))
    return origin.sender === user && origin.device === device
  }

  #encode(codec: Codec, at: number): UnackedPush {
    const { conversation, epoch, prev, seq, entry } = this.fields
    return { conversation, epoch, seq, frame: codec.encodeServerFrame({ frame: 'push', epoch, prev, entry }), at }
  }
}
