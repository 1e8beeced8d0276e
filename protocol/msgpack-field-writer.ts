/**
 * Writes fields by position: a frame is an array of its number and its fields, an item of a list an array of the item's fields.
 * Names are ignored. `entry` and `body` are copied as they are.
 */
import { REPLY_ERRORS } from './errors.js'
import type { ReplyErrorName } from './errors.js'
import { BODY_FIELDS } from './entry.js'
import type { FieldWriter, Names } from './fields.js'
import type { MessageId } from './ids.js'
import { Writer } from './msgpack.js'

/** Every array of fields is short: its one-byte header is set when the fields have been counted. */
export class MsgpackFieldWriter implements FieldWriter {
  private readonly writer = new Writer()
  private header = 0
  private fields = 0

  begin(frame: number): void {
    this.writer.reset()
    this.enter()
    this.uint('frame', frame)
  }

  end(): Uint8Array {
    this.leave()
    return this.writer.take()
  }

  ref(ref: number): void {
    this.uint('ref', ref)
  }

  uintOrZero(name: string, n: number): void {
    this.uint(name, n)
  }

  uint(_name: string, n: number): void {
    this.fields++
    this.writer.uint(n)
  }

  bool(_name: string, b: boolean): void {
    this.fields++
    this.writer.bool(b)
  }

  str(_name: string, text: string): void {
    this.fields++
    this.writer.str(text)
  }

  bytes(_name: string, bytes: Uint8Array): void {
    this.fields++
    this.writer.bin(bytes)
  }

  choice<T extends string>(name: string, names: Names<T>, value: T): void {
    this.uint(name, names[value])
  }

  messageId(_name: string, id: MessageId | null): void {
    this.fields++
    if (id === null) this.writer.nil()
    else this.writer.latin1(id)
  }

  messageTypes(_name: string, types: readonly number[]): void {
    this.fields++
    this.writer.array(types.length)
    for (const type of types) this.writer.uint(type)
  }

  error(error: ReplyErrorName): void {
    this.uint('error', REPLY_ERRORS[error].code)
  }

  body(body: Uint8Array): void {
    this.fields += BODY_FIELDS
    this.writer.raw(body)
  }

  entry(_name: string, entry: Uint8Array): void {
    this.fields++
    this.writer.raw(entry)
  }

  strings(_name: string, texts: readonly string[]): void {
    this.fields++
    this.writer.array(texts.length)
    for (const text of texts) this.writer.str(text)
  }

  list<T>(_name: string, items: readonly T[], write: (item: T, fields: FieldWriter) => void): void {
    const outerFields = this.fields + 1
    const outerHeader = this.header
    this.writer.array(items.length)
    for (const item of items) {
      this.enter()
      write(item, this)
      this.leave()
    }
    this.fields = outerFields
    this.header = outerHeader
  }

  private enter(): void {
    this.header = this.writer.length
    this.fields = 0
    this.writer.array(0)
  }

  private leave(): void {
    if (this.fields > 15) throw new RangeError('a frame or item has at most 15 fields')
    this.writer.patch(this.header, 0x90 | this.fields)
  }
}
