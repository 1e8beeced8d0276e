/**
 * Writes fields by name into the text of one JSON object: numbers with names become names, bytes that are UTF-8 become text and
 * others base64, `extra` is put in as it is. The text is one line.
 */
import { base64Text, utf8Text } from './bytes.js'
import { decodeBody, decodeEntry } from './entry-codec.js'
import { writeEntry } from './entry-json.js'
import { MESSAGE_TYPE } from './entry.js'
import type { Body } from './entry.js'
import { REPLY_ERRORS } from './errors.js'
import type { ReplyErrorName } from './errors.js'
import type { FieldWriter, Names } from './fields.js'
import { messageIdText } from './ids.js'
import type { MessageId } from './ids.js'

export class JsonFieldWriter implements FieldWriter {
  private text = ''
  private separator = ''

  begin(frame: string): void {
    this.text = '{'
    this.separator = ''
    this.str('frame', frame)
  }

  end(): string {
    return `${this.text}}`
  }

  ref(ref: number): void {
    this.uintUnless(0, 'ref', ref)
  }

  uintOrZero(name: string, n: number): void {
    this.uintUnless(0, name, n)
  }

  uint(name: string, n: number): void {
    this.member(name, String(n))
  }

  bool(name: string, b: boolean): void {
    this.member(name, String(b))
  }

  str(name: string, text: string): void {
    this.member(name, JSON.stringify(text))
  }

  bytes(name: string, bytes: Uint8Array): void {
    const text = utf8Text(bytes)
    if (text === undefined) this.str(`${name}Base64`, base64Text(bytes))
    else this.str(name, text)
  }

  choice<T extends string>(name: string, _names: Names<T>, value: T): void {
    this.str(name, value)
  }

  messageId(name: string, id: MessageId | null): void {
    if (id !== null) this.str(name, messageIdText(id))
  }

  messageTypes(name: string, types: readonly number[]): void {
    this.member(name, JSON.stringify(types.map((type) => nameOf(MESSAGE_TYPE, type))))
  }

  error(error: ReplyErrorName): void {
    this.str('error', error)
    this.uint('code', REPLY_ERRORS[error].code)
  }

  body(bytes: Uint8Array): void {
    const body = decodeBody(bytes)
    this.messageId('id', body.id === '' ? null : body.id)
    this.nameOrNumber('type', MESSAGE_TYPE, body.type)
    this.rest(body)
  }

  entry(name: string, entry: Uint8Array): void {
    this.member(name, '')
    this.inside(decodeEntry(entry), writeEntry)
  }

  strings(name: string, texts: readonly string[]): void {
    this.member(name, JSON.stringify(texts))
  }

  list<T>(name: string, items: readonly T[], write: (item: T, fields: FieldWriter) => void): void {
    this.member(name, '[')
    items.forEach((item, i) => {
      if (i > 0) this.text += ','
      this.inside(item, write)
    })
    this.text += ']'
  }

  uintUnless(absent: number, name: string, n: number): void {
    if (n !== absent) this.uint(name, n)
  }

  nameOrNumber(name: string, names: Names<string>, n: number): void {
    this.member(name, JSON.stringify(nameOf(names, n)))
  }

  /** The fields of a body after its type. A line break in `extra` can only stand between its values. */
  rest(body: Body): void {
    this.bytes('content', body.content)
    if (body.extra !== null) this.member('extra', body.extra.replace(/[\r\n]/g, ' '))
    this.uintUnless(0, 'priority', body.priority)
    this.uintUnless(0, 'ttl', body.ttl)
  }

  private member(name: string, json: string): void {
    this.text += `${this.separator}"${name}":${json}`
    this.separator = ','
  }

  private inside<T>(value: T, write: (value: T, fields: this) => void): void {
    this.text += '{'
    this.separator = ''
    write(value, this)
    this.text += '}'
    this.separator = ','
  }
}

const nameOf = (names: Names<string>, n: number): string | number =>
  Object.keys(names).find((name) => names[name] === n) ?? n
