/**
 * MessagePack, the part that frames and entries are made of: arrays, non-negative integers up to 2^53-1, booleans, nil, str and
 * bin (https://github.com/msgpack/msgpack/blob/master/spec.md). Positional and without a value tree: the caller says what comes
 * next. The Writer uses the shortest encodings, the Reader takes every encoding of a value. Nothing is allocated by an
 * announced length before that many bytes are known to be there.
 */
import { isUtf8, newBytes, latin1Text, utf8Bytes, utf8Text } from './bytes.js'

/** Why bytes were refused: not what was expected, over a given maximum, or at an end too early. */
export type MsgpackFault = 'shape' | 'size' | 'end'

export class MsgpackError extends Error {
  readonly fault: MsgpackFault
  constructor(fault: MsgpackFault, detail: string) {
    super(detail)
    this.name = 'MsgpackError'
    this.fault = fault
  }
}

const TWO_32 = 2 ** 32
/**
 * Bytes from which many short results are cut: one allocation and no copy for each. Whoever keeps one of them keeps the slab, so a slab
 * is no larger than the pool of Node's own buffers.
 */
const SLAB_BYTES = 8 * 1024
const SHORT_TEXT = 128

/** Appends values to a slab; each `take` cuts off what was written since the one before. */
export class Writer {
  private bytes = newBytes(SLAB_BYTES)
  /** Where what is being written begins in the slab, and where it goes on. */
  private start = 0
  private at = 0

  get length(): number {
    return this.at - this.start
  }

  array(n: number): void {
    this.reserve(5)
    if (n < 16) this.bytes[this.at++] = 0x90 | n
    else this.head(0xdc, n)
  }

  /** A non-negative integer up to 2^53-1. */
  uint(n: number): void {
    this.reserve(9)
    if ((n & 0x7f) === n) this.bytes[this.at++] = n
    else if (!Number.isSafeInteger(n) || n < 0) throw new MsgpackError('shape', 'only integers from 0 to 2^53-1')
    else if (n < 0x100) this.bigEndian(0xcc, 1, n)
    else if (n < 0x10000) this.bigEndian(0xcd, 2, n)
    else if (n < TWO_32) this.bigEndian(0xce, 4, n)
    else {
      this.bigEndian(0xcf, 4, Math.floor(n / TWO_32))
      this.tail(4, n)
    }
  }

  bool(b: boolean): void {
    this.reserve(1)
    this.bytes[this.at++] = b ? 0xc3 : 0xc2
  }

  nil(): void {
    this.reserve(1)
    this.bytes[this.at++] = 0xc0
  }

  str(text: string): void {
    if (text.length <= SHORT_TEXT && this.ascii(text)) return
    const utf8 = utf8Bytes(text)
    this.reserve(5)
    if (utf8.length < 32) this.bytes[this.at++] = 0xa0 | utf8.length
    else if (utf8.length < 0x100) this.bigEndian(0xd9, 1, utf8.length)
    else this.head(0xda, utf8.length)
    this.raw(utf8)
  }

  bin(bytes: Uint8Array): void {
    this.binHead(bytes.length)
    this.raw(bytes)
  }

  /** A bin of one byte per character; every character must be below 256. */
  latin1(text: string): void {
    this.binHead(text.length)
    this.reserve(text.length)
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i)
  }

  /** Bytes that are MessagePack already. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Sets the byte written as the `position`th: for a short array whose length is known only after its items. */
  patch(position: number, byte: number): void {
    this.bytes[this.start + position] = byte
  }

  /** Everything written, never written to again; the writer is empty. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(this.start, this.at)
    this.start = this.at
    return taken
  }

  /** Forgets what was written. */
  reset(): void {
    this.at = this.start
  }

  /** Writes short ASCII text; writes nothing and says false when it is not ASCII. */
  private ascii(text: string): boolean {
    const length = text.length
    this.reserve(length + 2)
    const bytes = this.bytes
    let at = this.at
    if (length >= 32) bytes[at++] = 0xd9
    bytes[at++] = length < 32 ? 0xa0 | length : length
    for (let i = 0; i < length; i++) {
      const character = text.charCodeAt(i)
      if (character > 0x7f) return false
      bytes[at++] = character
    }
    this.at = at
    return true
  }

  private binHead(length: number): void {
    this.reserve(5)
    if (length < 0x100) this.bigEndian(0xc4, 1, length)
    else this.head(0xc5, length)
  }

  /** A tag with a length of two bytes, or the tag after it with a length of four. */
  private head(tag: number, length: number): void {
    if (length < 0x10000) this.bigEndian(tag, 2, length)
    else this.bigEndian(tag + 1, 4, length)
  }

  private bigEndian(tag: number, width: number, n: number): void {
    this.bytes[this.at++] = tag
    this.tail(width, n)
  }

  private tail(width: number, n: number): void {
    for (let shift = width * 8 - 8; shift >= 0; shift -= 8) this.bytes[this.at++] = (n >>> shift) & 0xff
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const slab = newBytes(Math.max(SLAB_BYTES, 2 * (this.length + more)))
    slab.set(this.bytes.subarray(this.start, this.at))
    this.at = this.length
    this.start = 0
    this.bytes = slab
  }
}

/** Reads values from bytes[position, end). `what` names the value in errors. Throws only MsgpackError. */
export class Reader {
  readonly bytes: Uint8Array
  /** Where the next value begins; may be set back to where an earlier one began. */
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  get done(): boolean {
    return this.position >= this.end
  }

  /** The number of items of an array; at most `max` and at most the bytes left. */
  array(max = Infinity, what = 'array'): number {
    const tag = this.byte(what)
    if ((tag & 0xf0) === 0x90) return this.room(tag & 0x0f, max, what)
    if (tag === 0xdc) return this.room(this.number(2, what), max, what)
    if (tag === 0xdd) return this.room(this.number(4, what), max, what)
    throw new MsgpackError('shape', `${what}: expected an array`)
  }

  /** An integer from 0 to 2^53-1, in an unsigned or signed encoding. */
  uint(what = 'number'): number {
    const tag = this.byte(what)
    if (tag < 0x80) return tag
    if (tag >= 0xcc && tag <= 0xd3) {
      const width = 1 << (tag & 3)
      const high = width === 8 ? this.number(4, what) : 0
      const low = this.number(width === 8 ? 4 : width, what)
      const negative = tag >= 0xd0 && (width === 8 ? high >= 2 ** 31 : low >= 2 ** (width * 8 - 1))
      if (!negative && high < 2 ** 21) return high * TWO_32 + low
    }
    throw new MsgpackError('shape', `${what}: expected an integer from 0 to 2^53-1`)
  }

  bool(what = 'flag'): boolean {
    const tag = this.byte(what)
    if (tag !== 0xc2 && tag !== 0xc3) throw new MsgpackError('shape', `${what}: expected true or false`)
    return tag === 0xc3
  }

  /** Consumes a nil when one is next. */
  nil(): boolean {
    if (this.bytes[this.position] !== 0xc0 || this.done) return false
    this.position++
    return true
  }

  /** Text of at most `maxBytes` bytes of UTF-8. */
  str(maxBytes = Infinity, what = 'text'): string {
    const tag = this.byte(what)
    if (!isStr(tag)) throw new MsgpackError('shape', `${what}: expected a str`)
    const start = this.advance(this.strLength(tag, what), maxBytes, what)
    const text = utf8Text(this.bytes, start, this.position)
    if (text === undefined) throw new MsgpackError('shape', `${what}: not UTF-8`)
    return text
  }

  /** A view of the bytes of a bin, or of a str. */
  bin(maxBytes = Infinity, what = 'bytes'): Uint8Array {
    const length = this.blob(maxBytes, what)
    return this.bytes.subarray(this.position - length, this.position)
  }

  /** Goes past a bin, or a str of valid UTF-8; its bytes are the answered number of bytes before `position`. */
  blob(maxBytes = Infinity, what = 'bytes'): number {
    const tag = this.byte(what)
    const length = isStr(tag) ? this.strLength(tag, what) : this.binLength(tag, what)
    const start = this.advance(length, maxBytes, what)
    if (isStr(tag) && !isUtf8(this.bytes, start, this.position)) throw new MsgpackError('shape', `${what}: not UTF-8`)
    return length
  }

  /** A bin of exactly `n` bytes, one character a byte. */
  latin1(n: number, what = 'bytes'): string {
    this.exact(n, what)
    return latin1Text(this.bytes, this.position - n, this.position)
  }

  /** Goes past a bin of exactly `n` bytes. */
  exact(n: number, what = 'bytes'): void {
    const length = this.binLength(this.byte(what), what)
    if (length !== n) throw new MsgpackError('shape', `${what}: expected ${n} bytes`)
    this.advance(length, Infinity, what)
  }

  /** Goes past the next value of any type, extensions included, with arrays and maps at most `depth` deep. */
  skip(depth = 16, what = 'value'): void {
    const tag = this.byte(what)
    const children = this.childCount(tag, what)
    if (children === 0) this.advance(this.payloadLength(tag, what), Infinity, what)
    else if (depth === 0) throw new MsgpackError('size', `${what}: nested too deeply`)
    for (let i = 0; i < children; i++) this.skip(depth - 1, what)
  }

  private byte(what: string): number {
    if (this.position >= this.end) throw ended(what)
    return this.bytes[this.position++] ?? 0
  }

  private number(width: number, what: string): number {
    if (this.position + width > this.end) throw ended(what)
    let n = 0
    for (let i = 0; i < width; i++) n = n * 256 + (this.bytes[this.position++] ?? 0)
    return n
  }

  private room(count: number, max: number, what: string): number {
    if (count > max) throw new MsgpackError('size', `${what}: at most ${max}`)
    if (count > this.end - this.position) throw ended(what)
    return count
  }

  private advance(length: number, max: number, what: string): number {
    if (length > max) throw new MsgpackError('size', `${what}: at most ${max} bytes`)
    if (length > this.end - this.position) throw ended(what)
    const start = this.position
    this.position += length
    return start
  }

  private strLength(tag: number, what: string): number {
    return tag < 0xc0 ? tag & 0x1f : this.number(1 << (tag - 0xd9), what)
  }

  private binLength(tag: number, what: string): number {
    if (tag < 0xc4 || tag > 0xc6) throw new MsgpackError('shape', `${what}: expected a bin`)
    return this.number(1 << (tag - 0xc4), what)
  }

  private childCount(tag: number, what: string): number {
    if ((tag & 0xf0) === 0x90) return this.room(tag & 0x0f, Infinity, what)
    if ((tag & 0xf0) === 0x80) return this.room((tag & 0x0f) * 2, Infinity, what)
    if (tag === 0xdc || tag === 0xdd) return this.room(this.number(2 << (tag & 1), what), Infinity, what)
    if (tag === 0xde || tag === 0xdf) return this.room(this.number(2 << (tag & 1), what) * 2, Infinity, what)
    return 0
  }

  private payloadLength(tag: number, what: string): number {
    if (isStr(tag)) return this.strLength(tag, what)
    if (tag >= 0xc4 && tag <= 0xc6) return this.binLength(tag, what)
    if (tag >= 0xc7 && tag <= 0xc9) return this.number(1 << (tag - 0xc7), what) + 1
    if (tag >= 0xca && tag <= 0xcf) return [4, 8, 1, 2, 4, 8][tag - 0xca] ?? 0
    if (tag >= 0xd0 && tag <= 0xd3) return 1 << (tag - 0xd0)
    if (tag >= 0xd4 && tag <= 0xd8) return (1 << (tag - 0xd4)) + 1
    if (tag === 0xc1) throw new MsgpackError('shape', `${what}: 0xc1 is never used`)
    return 0
  }
}

const isStr = (tag: number): boolean => (tag & 0xe0) === 0xa0 || (tag >= 0xd9 && tag <= 0xdb)
const ended = (what: string): MsgpackError => new MsgpackError('end', `${what}: ended too early`)
