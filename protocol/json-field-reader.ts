/**
 * Fields by name, the JSON encoding of a frame: one object, with an object for each item of a list. A strict reader, for
 * commands, refuses keys that no field has; a lenient one, for what a later server sends, passes over them.
 */
import { base64Bytes, utf8Bytes } from './bytes.js'
import * as check from './checks.js'
import { FrameError } from './codec.js'
import { encodeBody, encodeWholeEntry } from './entry-codec.js'
import { readEntry } from './entry-json.js'
import { MESSAGE_TYPE } from './entry.js'
import { REPLY_ERRORS, replyErrorOf } from './errors.js'
import type { ReplyErrorName } from './errors.js'
import type { FieldReader, Names } from './fields.js'
import { parseMessageId } from './ids.js'
import type { MessageId } from './ids.js'
import { memberSource } from './json-text.js'
import { LIMITS } from './limits.js'

type JsonObject = Readonly<Record<string, unknown>>

export class JsonFieldReader implements FieldReader {
  /** The ref of the frame; 0 when it has none that is valid. */
  readonly knownRef: number
  private readonly source: string
  private readonly lenient: boolean
  private object: JsonObject
  private used: string[] = []

  /** `source` is the text that `value` was parsed from. */
  constructor(source: string, value: unknown, lenient: boolean) {
    this.source = source
    this.lenient = lenient
    this.object = jsonObject(value, 'frame')
    const ref = this.object['ref']
    this.knownRef = isUint(ref) ? ref : 0
  }

  /** Leaves what was entered. */
  end(): void {
    if (this.lenient) return
    const unknown = Object.keys(this.object).find((key) => !this.used.includes(key))
    if (unknown !== undefined) throw new FrameError('bad-frame', `no key ${check.quotable(unknown)} here`)
  }

  ref(): number {
    return this.uintOr(0, 'ref')
  }

  uintOrZero(name: string): number {
    return this.uintOr(0, name)
  }

  uint(name: string): number {
    const value = this.value(name)
    if (isUint(value)) return value
    throw new FrameError('bad-frame', `${name}: expected an integer from 0 to 2^53-1`)
  }

  bool(name: string): boolean {
    const value = this.value(name)
    if (typeof value !== 'boolean') throw new FrameError('bad-frame', `${name}: expected true or false`)
    return value
  }

  str(name: string): string {
    return jsonString(this.value(name), name)
  }

  bytes(name: string, maxBytes: number): Uint8Array {
    const base64 = !this.has(name) && this.has(`${name}Base64`)
    const bytes = base64 ? base64Bytes(this.str(`${name}Base64`)) : utf8Bytes(this.str(name))
    if (bytes === undefined) throw new FrameError('bad-frame', `${name}Base64: not base64`)
    if (bytes.length > maxBytes) throw check.tooLarge(name, maxBytes, 'bytes')
    return bytes
  }

  choice<T extends string>(name: string, names: Names<T>): T {
    const value = this.str(name)
    for (const choice in names) if (choice === value) return choice
    throw new FrameError('bad-frame', `${name}: one of ${Object.keys(names).join(', ')}`)
  }

  messageId(name: string): MessageId | null {
    if (!this.has(name)) return null
    const id = parseMessageId(this.str(name))
    if (id === undefined) throw check.badMessageId(name)
    return id
  }

  messageTypes(name: string): number[] {
    const most = Object.keys(MESSAGE_TYPE).length
    return jsonArray(this.value(name), name, most).map((type) => check.typeNumber(jsonString(type, name)))
  }

  error(): ReplyErrorName {
    const name = this.str('error')
    const code = this.uint('code')
    return Object.hasOwn(REPLY_ERRORS, name) ? (name as ReplyErrorName) : replyErrorOf(code)
  }

  body(): Uint8Array {
    return encodeBody({
      id: this.messageId('id') ?? '',
      type: check.sendableType(check.typeNumber(this.str('type'))),
      content: this.bytes('content', LIMITS.contentBytes),
      extra: this.has('extra') ? check.extra(memberSource(this.source, 'extra') ?? '') : null,
      priority: check.priority(this.uintOr(0, 'priority')),
      ttl: check.ttl(this.uintOr(0, 'ttl')),
    })
  }

  entry(name: string): Uint8Array {
    return encodeWholeEntry(this.inside(this.value(name), name, readEntry))
  }

  strings(name: string, max: number, check: (text: string, name: string) => string): string[] {
    return jsonArray(this.value(name), name, max).map((text) => check(jsonString(text, name), name))
  }

  list<T>(name: string, max: number, read: (fields: FieldReader) => T): T[] {
    return jsonArray(this.value(name), name, max).map((item) => this.inside(item, name, read))
  }

  /** Whether a field is there; null counts as left out. */
  has(name: string): boolean {
    const value = this.value(name)
    return value !== undefined && value !== null
  }

  uintOr(absent: number, name: string): number {
    return this.has(name) ? this.uint(name) : absent
  }

  /** The number of a name, or a number as it is: what a later version has added comes without a name. */
  nameOrNumber(name: string, names: Names<string>): number {
    if (typeof this.value(name) === 'number') return this.uint(name)
    return names[this.choice(name, names)] ?? 0
  }

  /** The text of `extra`, a JSON object. */
  extraText(): string {
    return JSON.stringify(jsonObject(this.value('extra'), 'extra'))
  }

  private value(name: string): unknown {
    this.used.push(name)
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined
  }

  private inside<T>(value: unknown, name: string, read: (fields: this) => T): T {
    const { object, used } = this
    this.object = jsonObject(value, name)
    this.used = []
    const result = read(this)
    this.end()
    this.object = object
    this.used = used
    return result
  }
}

const isUint = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function jsonString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new FrameError('bad-frame', `${name}: expected a string`)
  return check.wellFormed(value, name)
}

function jsonArray(value: unknown, name: string, max: number): unknown[] {
  if (!Array.isArray(value)) throw new FrameError('bad-frame', `${name}: expected an array`)
  if (value.length > max) throw new FrameError('too-large', `${name}: at most ${max}`)
  return value
}

function jsonObject(value: unknown, name: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new FrameError('bad-frame', `${name}: expected an object`)
}
