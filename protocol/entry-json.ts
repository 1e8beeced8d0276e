/**
 * An entry as a JSON object, for people and for clients of the JSON subprotocol: names instead of numbers, the id as the usual 36
 * characters, `extra` inline. Fields at their defaults are left out; kinds and types without a name here stay numbers.
 */
import { ENTRY_KIND, ENTRY_VERSION, MESSAGE_TYPE } from './entry.js'
import type { Body, Entry } from './entry.js'
import { FrameError } from './codec.js'
import type { FieldReader, FieldWriter, Names } from './fields.js'
import { messageIdText } from './ids.js'
import type { MessageId } from './ids.js'

/** What JSON has beyond the fields of both encodings: members that may be absent, numbers where a name is not known. */
export interface EntryWriter extends Pick<FieldWriter, 'uint' | 'str'> {
  uintUnless(absent: number, name: string, n: number): void
  nameOrNumber(name: string, names: Names<string>, n: number): void
  rest(body: Body): void
}

export interface EntryReader extends Pick<FieldReader, 'uint' | 'str' | 'bytes'> {
  has(name: string): boolean
  uintOr(absent: number, name: string): number
  nameOrNumber(name: string, names: Names<string>): number
  extraText(): string
}

const HEX_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function writeEntry(entry: Entry, fields: EntryWriter): void {
  fields.uintUnless(ENTRY_VERSION, 'version', entry.version)
  fields.nameOrNumber('kind', ENTRY_KIND, entry.kind)
  fields.str('conversation', entry.conversation)
  fields.uint('seq', entry.seq)
  fields.uint('ordinal', entry.ordinal)
  fields.uint('time', entry.time)
  fields.str('sender', entry.sender)
  fields.str('device', entry.device)
  if (entry.id !== '') fields.str('id', messageIdText(entry.id))
  if (entry.type !== 0) fields.nameOrNumber('type', MESSAGE_TYPE, entry.type)
  fields.rest(entry)
}

export function readEntry(fields: EntryReader): Entry {
  return {
    version: fields.uintOr(ENTRY_VERSION, 'version'),
    kind: fields.nameOrNumber('kind', ENTRY_KIND),
    conversation: fields.str('conversation'),
    seq: fields.uint('seq'),
    ordinal: fields.uint('ordinal'),
    time: fields.uint('time'),
    sender: fields.str('sender'),
    device: fields.str('device'),
    id: fields.has('id') ? entryId(fields.str('id')) : '',
    type: fields.has('type') ? fields.nameOrNumber('type', MESSAGE_TYPE) : 0,
    content: fields.bytes('content', Infinity),
    extra: fields.has('extra') ? fields.extraText() : null,
    priority: fields.uintOr(0, 'priority'),
    ttl: fields.uintOr(0, 'ttl'),
  }
}

/** Unlike a client message id, the id of a change may be any 16 bytes. */
function entryId(text: string): MessageId {
  if (!HEX_ID.test(text)) throw new FrameError('bad-frame', 'id: not 16 bytes as a UUID')
  return text.replaceAll('-', '').replace(/../g, (hex) => String.fromCharCode(parseInt(hex, 16)))
}
