/**
 * Entries as bytes. The owner of a conversation encodes each entry once; from then on the bytes travel unchanged, and a reader
 * takes out of them only what it needs. A body is the last six fields back to back, without an array around them: what a
 * `send` frame carries and what ends an entry. Functions that read throw MsgpackError when the bytes are not an entry.
 */
import * as check from './checks.js'
import { ENTRY_FIELDS, ENTRY_VERSION } from './entry.js'
import type { Body, Entry } from './entry.js'
import { isMessageIdAt } from './ids.js'
import type { ConversationId, DeviceId, MessageId, UserId } from './ids.js'
import { LIMITS } from './limits.js'
import { MsgpackError, Reader, Writer } from './msgpack.js'

/** What the owner adds to a body; the fields of the same names of Entry. */
export interface EntryHeader {
  readonly kind: number
  readonly conversation: ConversationId
  readonly seq: number
  readonly ordinal: number
  readonly time: number
  readonly sender: UserId
  readonly device: DeviceId
}

const ID_BYTES = 16
/** Fields between the version and the content. */
const FIELDS_KNOWN = 9
const writer = new Writer()

/** `id: ''` becomes a nil: no id yet, or a change without one. */
export function encodeBody(body: Body): Uint8Array {
  writer.reset()
  writeBody(body)
  return writer.take()
}

/** `content` is a view of `bytes`. */
export function decodeBody(bytes: Uint8Array): Body {
  const reader = new Reader(bytes)
  const body = readBody(reader)
  if (!reader.done) throw new MsgpackError('shape', 'body: more than six fields')
  return body
}

/** Goes past a body that a client sent. Throws FrameError where it breaks a rule, MsgpackError where it is not a body. */
export function checkBody(reader: Reader): void {
  if (!reader.nil()) {
    reader.exact(ID_BYTES, 'id')
    if (!isMessageIdAt(reader.bytes, reader.position - ID_BYTES)) throw check.badMessageId('id')
  }
  check.sendableType(reader.uint('type'))
  reader.blob(LIMITS.contentBytes, 'content')
  if (!reader.nil()) check.extra(reader.str(LIMITS.extraBytes, 'extra'))
  check.priority(reader.uint('priority'))
  check.ttl(reader.uint('ttl'))
}

/** The id of a body; '' when it has none. */
export const messageIdOf = (body: Uint8Array): MessageId => readId(new Reader(body))

/** The type of a body. */
export function messageTypeOf(body: Uint8Array): number {
  const reader = new Reader(body)
  reader.skip(0, 'id')
  return reader.uint('type')
}

/** The same body with `id` where it has none. */
export function bodyWithId(body: Uint8Array, id: MessageId): Uint8Array {
  if (body[0] !== 0xc0) throw new MsgpackError('shape', 'body: has an id already')
  writer.reset()
  writer.latin1(id)
  writer.raw(body.subarray(1))
  return writer.take()
}

/** `body` is copied as it is and must be a body with an id, or that of a change. */
export function encodeEntry(header: EntryHeader, body: Uint8Array): Uint8Array {
  writer.reset()
  writeHeader(ENTRY_VERSION, header)
  writer.raw(body)
  return writer.take()
}

export function encodeWholeEntry(entry: Entry): Uint8Array {
  writer.reset()
  writeHeader(entry.version, entry)
  writeBody(entry)
  return writer.take()
}

/** Fields that a later version has at the end are passed over. `content` is a view of `bytes`. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const reader = new Reader(bytes)
  const fields = reader.array(Infinity, 'entry')
  const version = readVersion(reader, fields)
  const entry = {
    version,
    kind: reader.uint('kind'),
    conversation: reader.str(Infinity, 'conversation'),
    seq: reader.uint('seq'),
    ordinal: reader.uint('ordinal'),
    time: reader.uint('time'),
    sender: reader.str(Infinity, 'sender'),
    device: reader.str(Infinity, 'device'),
    id: readId(reader),
    type: reader.uint('type'),
    content: reader.bin(Infinity, 'content'),
    extra: reader.nil() ? null : reader.str(Infinity, 'extra'),
    priority: reader.uint('priority'),
    ttl: reader.uint('ttl'),
  }
  for (let i = ENTRY_FIELDS; i < fields; i++) reader.skip()
  if (!reader.done) throw new MsgpackError('shape', 'entry: bytes after its end')
  return entry
}

/** What the owner of an entry has at hand beside its bytes. */
export type KnownEntry = Pick<Entry, 'kind' | 'seq' | 'ordinal' | 'time' | 'sender' | 'device' | 'id' | 'type'>

/** The same as `decodeEntry`, for the one who made the entry: only the rest is read. */
export function completeEntry(conversation: ConversationId, known: KnownEntry, bytes: Uint8Array): Entry {
  const reader = new Reader(bytes)
  const version = readVersion(reader, reader.array(Infinity, 'entry'))
  for (let i = 0; i < FIELDS_KNOWN; i++) reader.skip()
  return {
    version,
    kind: known.kind,
    conversation,
    seq: known.seq,
    ordinal: known.ordinal,
    time: known.time,
    sender: known.sender,
    device: known.device,
    id: known.id,
    type: known.type,
    content: reader.bin(Infinity, 'content'),
    extra: reader.nil() ? null : reader.str(Infinity, 'extra'),
    priority: reader.uint('priority'),
    ttl: reader.uint('ttl'),
  }
}

/**
 * The beginning of an entry, without a look at its content. `id` is '' when it has none. The fields are written out here and above,
 * because an object put together by spreading others cost a kilobyte each time.
 */
export function entryHeader(bytes: Uint8Array): EntryHeader & { readonly id: MessageId; readonly type: number } {
  const reader = new Reader(bytes)
  readVersion(reader, reader.array(Infinity, 'entry'))
  return {
    kind: reader.uint('kind'),
    conversation: reader.str(Infinity, 'conversation'),
    seq: reader.uint('seq'),
    ordinal: reader.uint('ordinal'),
    time: reader.uint('time'),
    sender: reader.str(Infinity, 'sender'),
    device: reader.str(Infinity, 'device'),
    id: readId(reader),
    type: reader.uint('type'),
  }
}

function writeHeader(version: number, header: EntryHeader): void {
  writer.array(ENTRY_FIELDS)
  writer.uint(version)
  writer.uint(header.kind)
  writer.str(header.conversation)
  writer.uint(header.seq)
  writer.uint(header.ordinal)
  writer.uint(header.time)
  writer.str(header.sender)
  writer.str(header.device)
}

function writeBody(body: Body): void {
  if (body.id === '') writer.nil()
  else writer.latin1(body.id)
  writer.uint(body.type)
  writer.bin(body.content)
  if (body.extra === null) writer.nil()
  else writer.str(body.extra)
  writer.uint(body.priority)
  writer.uint(body.ttl)
}

function readVersion(reader: Reader, fields: number): number {
  const version = reader.uint('version')
  const known = version === ENTRY_VERSION ? fields === ENTRY_FIELDS : version > ENTRY_VERSION && fields >= ENTRY_FIELDS
  if (!known) throw new MsgpackError('shape', 'entry: not of version 1 or later')
  return version
}

function readBody(reader: Reader): Body {
  return {
    id: readId(reader),
    type: reader.uint('type'),
    content: reader.bin(Infinity, 'content'),
    extra: reader.nil() ? null : reader.str(Infinity, 'extra'),
    priority: reader.uint('priority'),
    ttl: reader.uint('ttl'),
  }
}

const readId = (reader: Reader): MessageId => (reader.nil() ? '' : reader.latin1(ID_BYTES, 'id'))
