/**
 * Envelopes: everything one node says to another. Packed and numbered by links.ts. The three that come once per message (a send, its
 * reply, a push) have a positional form of their own; the others are msgpack maps, their shapes being trusted between nodes of
 * one version. A receiver ignores a type it does not know.
 */
import { Decoder, Encoder } from '@msgpack/msgpack'
import type { CloseName } from '../protocol/close-codes.js'
import type { Receipts } from '../protocol/frames.js'
import type { ConversationId, DeviceId, UserId } from '../protocol/ids.js'
import { Reader, Writer } from '../protocol/msgpack.js'
import type { OwnerCommand, OwnerReply } from './command.js'
import type { DeliveryFields } from './delivery.js'
import type { AnnouncedHead } from './recent-heads.js'
import type { Caller } from './transport.js'

export interface CommandEnvelope {
  readonly type: 'command'
  /** Repeated in the reply. Which process of the asking node asks: what is for one that crashed must not answer the next. */
  readonly life: number
  /** Repeated in the reply; unique in that life. */
  readonly token: number
  readonly view: number
  readonly caller: Caller
  readonly command: OwnerCommand
}

export interface ReplyEnvelope {
  readonly type: 'reply'
  readonly life: number
  readonly token: number
  /** The answering node's view. */
  readonly view: number
  readonly reply: OwnerReply
}

export interface PushEnvelope {
  readonly type: 'push'
  readonly delivery: DeliveryFields
}

export interface ConversationMark {
  readonly conversation: ConversationId
  readonly user: UserId
  readonly delivered: number
  readonly read: number
}

export interface AttachedSession {
  readonly user: UserId
  readonly device: DeviceId
  /** Number of the session; the highest of a device lives. */
  readonly session: number
}

export type Envelope =
  | CommandEnvelope
  | ReplyEnvelope
  | PushEnvelope
  /** To the owners: how far users' devices got. */
  | { readonly type: 'marks'; readonly marks: readonly ConversationMark[] }
  /** To a node with sessions of `user`. */
  | {
      readonly type: 'receipts'
      readonly user: UserId
      readonly conversation: ConversationId
      readonly items: Receipts['items']
    }
  /** To the owner. */
  | {
      readonly type: 'signal'
      readonly conversation: ConversationId
      readonly sender: UserId
      readonly name: string
      readonly data: Uint8Array
    }
  /** From the owner to nodes with participants. */
  | {
      readonly type: 'signalled'
      readonly conversation: ConversationId
      readonly membershipSeq: number
      readonly sender: UserId
      readonly name: string
      readonly data: Uint8Array
    }
  | { readonly type: 'heads'; readonly heads: readonly AnnouncedHead[] }
  /** To the owner of the users' own conversations. */
  | { readonly type: 'attach'; readonly sessions: readonly AttachedSession[] }
  | { readonly type: 'detach'; readonly sessions: readonly AttachedSession[] }
  /** Close this session: the device has a newer one. */
  | { readonly type: 'displace'; readonly user: UserId; readonly device: DeviceId; readonly session: number }
  | { readonly type: 'disconnect'; readonly user: UserId; readonly device: DeviceId | null; readonly close: CloseName }
  /** Changes of this node's online users; with `reset` all of them, the first part of a snapshot. */
  | {
      readonly type: 'directory'
      readonly number: number
      readonly reset: boolean
      readonly entered: readonly UserId[]
      readonly left: readonly UserId[]
    }
  | { readonly type: 'directoryAsk' }
  /** I missed bus messages of yours: announce recent heads to me. */
  | { readonly type: 'gap' }
  | HeartbeatEnvelope

export interface HeartbeatEnvelope {
  readonly type: 'heartbeat'
  /** The newest view the node knows. */
  readonly view: number
  readonly sessions: number
  /** Number of the node's last directory change. */
  readonly directory: number
  /** Number of the last bus message to each peer addressed since the last heartbeat. */
  readonly sent: Readonly<Record<string, number>>
}

const OTHER = 0
const SEND = 1
const SENT = 2
const PUSH = 3

const writer = new Writer()
/** One of each for all envelopes: a new one brings a buffer of two kilobytes. */
const encoder = new Encoder()
const decoder = new Decoder()

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  if (envelope.type === 'push') return encodePush(envelope.delivery)
  if (envelope.type === 'command' && envelope.command.frame === 'send') return encodeSend(envelope, envelope.command)
  if (envelope.type === 'reply' && envelope.reply.frame === 'sent') return encodeSent(envelope, envelope.reply)
  writer.uint(OTHER)
  writer.bin(encoder.encodeSharedRef(envelope))
  return writer.take()
}

function encodePush(delivery: DeliveryFields): Uint8Array {
  writer.uint(PUSH)
  writer.str(delivery.conversation)
  writer.uint(delivery.epoch)
  writer.uint(delivery.prev)
  writer.uint(delivery.seq)
  writer.uint(delivery.time)
  writer.uint(delivery.kind)
  writer.uint(delivery.membershipBefore)
  writer.uint(delivery.membershipSeq)
  writer.array(delivery.leaving.length)
  for (const user of delivery.leaving) writer.str(user)
  writer.bin(delivery.entry)
  return writer.take()
}

function decodePush(reader: Reader): Envelope {
  const conversation = reader.str(256)
  const epoch = reader.uint()
  const prev = reader.uint()
  const seq = reader.uint()
  const time = reader.uint()
  const kind = reader.uint()
  const membershipBefore = reader.uint()
  const membershipSeq = reader.uint()
  const leaving: UserId[] = []
  for (let left = reader.array(1_000_000); left > 0; left--) leaving.push(reader.str(256))
  const entry = reader.bin(1 << 20)
  return {
    type: 'push',
    delivery: { conversation, epoch, prev, seq, time, kind, membershipBefore, membershipSeq, leaving, entry },
  }
}

function encodeSend(envelope: CommandEnvelope, send: Extract<OwnerCommand, { frame: 'send' }>): Uint8Array {
  writer.uint(SEND)
  writer.uint(envelope.life)
  writer.uint(envelope.token)
  writer.uint(envelope.view)
  writer.str(envelope.caller.user)
  writer.str(envelope.caller.device)
  writer.bool(envelope.caller.system)
  writer.str(send.conversation)
  writeId(send.after)
  writeId(send.id)
  writer.uint(send.type)
  writer.bin(send.body)
  return writer.take()
}

function decodeSend(reader: Reader): Envelope {
  const life = reader.uint()
  const token = reader.uint()
  const view = reader.uint()
  const caller = { user: reader.str(256), device: reader.str(256), system: reader.bool() }
  const conversation = reader.str(256)
  const after = readId(reader)
  const id = readId(reader)
  const type = reader.uint()
  const body = reader.bin(1 << 20)
  return {
    type: 'command',
    life,
    token,
    view,
    caller,
    command: { frame: 'send', ref: 0, conversation, after, id, type, body },
  }
}

function writeId(id: string | null): void {
  if (id === null) writer.nil()
  else writer.bin(latin1Bytes(id))
}

const readId = (reader: Reader): string | null => (reader.nil() ? null : reader.latin1(16))

function latin1Bytes(id: string): Uint8Array {
  const bytes = new Uint8Array(id.length)
  for (let i = 0; i < id.length; i++) bytes[i] = id.charCodeAt(i)
  return bytes
}

function encodeSent(envelope: ReplyEnvelope, sent: Extract<OwnerReply, { frame: 'sent' }>): Uint8Array {
  writer.uint(SENT)
  writer.uint(envelope.life)
  writer.uint(envelope.token)
  writer.uint(envelope.view)
  writer.uint(sent.epoch)
  writer.uint(sent.seq)
  writer.uint(sent.time)
  return writer.take()
}

function decodeSent(reader: Reader): Envelope {
  const life = reader.uint()
  const token = reader.uint()
  const view = reader.uint()
  const reply = { frame: 'sent', ref: 0, epoch: reader.uint(), seq: reader.uint(), time: reader.uint() } as const
  return { type: 'reply', life, token, view, reply }
}

/** Reads the next envelope of a bus message; undefined for a type this node does not know. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const reader = new Reader(bytes)
  switch (reader.uint()) {
    case PUSH:
      return decodePush(reader)
    case SEND:
      return decodeSend(reader)
    case SENT:
      return decodeSent(reader)
    case OTHER:
      return decoder.decode(reader.bin(1 << 24)) as Envelope
    default:
      return undefined
  }
}
