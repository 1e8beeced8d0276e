/**
 * Fields by position, the msgpack encoding of a frame: an array of the frame's number and its fields, and for each item of a
 * list an array of the item's fields. The reader counts, so that a field too few or too many is noticed; a lenient one passes over
 * what is too many.
 */
import { copyBytes } from './bytes.js'
import * as check from './checks.js'
import { FrameError } from './codec.js'
import { BODY_FIELDS, MESSAGE_TYPE } from './entry.js'
import { checkBody } from './entry-codec.js'
import { replyErrorOf } from './errors.js'
import type { ReplyErrorName } from './errors.js'
import type { FieldReader, Names } from './fields.js'
import type { MessageId } from './ids.js'
import { MsgpackError } from './msgpack.js'
import type { Reader } from './msgpack.js'

const MOST_TYPES = Object.keys(MESSAGE_TYPE).length

export class MsgpackFieldReader implements FieldReader {
  /** The ref of the frame being read, as far as it was read. */
  lastRef = 0
  private readonly reader: Reader
  private readonly lenient: boolean
  private left = 0

  constructor(reader: Reader, lenient: boolean) {
    this.reader = reader
    this.lenient = lenient
  }

  /** Enters a frame and answers its number. */
  begin(): number {
    this.lastRef = 0
    this.left = this.reader.array(Infinity, 'frame')
    return this.uint('frame')
  }

  /** Leaves what was entered. */
  end(): void {
    if (this.left > 0 && !this.lenient) throw new MsgpackError('shape', 'frame: too many fields')
    for (; this.left > 0; this.left--) this.reader.skip()
  }

  ref(): number {
    return (this.lastRef = this.uint('ref'))
  }

  uintOrZero(name: string): number {
    return this.uint(name)
  }

  uint(name: string): number {
    this.count(name)
    return this.reader.uint(name)
  }

  bool(name: string): boolean {
    this.count(name)
    return this.reader.bool(name)
  }

  str(name: string): string {
    this.count(name)
    return this.reader.str(Infinity, name)
  }

  bytes(name: string, maxBytes: number): Uint8Array {
    this.count(name)
    const length = this.reader.blob(maxBytes, name)
    return copyBytes(this.reader.bytes, this.reader.position - length, this.reader.position)
  }

  choice<T extends string>(name: string, names: Names<T>): T {
    const number = this.uint(name)
    for (const choice in names) if (names[choice] === number) return choice
    throw new FrameError('bad-frame', `${name}: not a known number`)
  }

  messageId(name: string): MessageId | null {
    this.count(name)
    return this.reader.nil() ? null : check.messageId(this.reader.latin1(16, name), name)
  }

  messageTypes(name: string): number[] {
    this.count(name)
    const types: number[] = []
    for (let n = this.reader.array(MOST_TYPES, name); n > 0; n--) types.push(check.knownType(this.reader.uint(name)))
    return types
  }

  error(): ReplyErrorName {
    return replyErrorOf(this.uint('error'))
  }

  body(): Uint8Array {
    this.count('body', BODY_FIELDS)
    const start = this.reader.position
    checkBody(this.reader)
    return copyBytes(this.reader.bytes, start, this.reader.position)
  }

  entry(name: string): Uint8Array {
    this.count(name)
    const start = this.reader.position
    this.reader.skip()
    return this.reader.bytes.subarray(start, this.reader.position)
  }

  strings(name: string, max: number, check: (text: string, name: string) => string): string[] {
    this.count(name)
    const texts: string[] = []
    for (let n = this.reader.array(max, name); n > 0; n--) texts.push(check(this.reader.str(Infinity, name), name))
    return texts
  }

  list<T>(name: string, max: number, read: (fields: FieldReader) => T): T[] {
    this.count(name)
    const outer = this.left
    const items: T[] = []
    for (let n = this.reader.array(max, name); n > 0; n--) {
      this.left = this.reader.array(Infinity, name)
      items.push(read(this))
      this.end()
    }
    this.left = outer
    return items
  }

  private count(name: string, fields = 1): void {
    this.left -= fields
    if (this.left < 0) throw new MsgpackError('shape', `${name}: missing`)
  }
}
