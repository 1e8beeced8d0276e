/**
 * The fields of frames, read and written one after the other in wire order. A Shape says once which fields a frame has; the
 * two encodings bring a FieldReader and a FieldWriter each: those of msgpack go by position
 * and ignore the names, those of JSON go by name. Reading throws FrameError or MsgpackError.
 */
import type { ReplyErrorName } from './errors.js'
import type { MessageId } from './ids.js'

/** Values that are numbers in msgpack and names in JSON. */
export type Names<T extends string> = Readonly<Record<T, number>>

export interface FieldReader {
  /** The ref of a frame that has one; 0 when a JSON frame leaves it out. */
  ref(): number
  uint(name: string): number
  /** A number that a JSON frame may leave out. */
  uintOrZero(name: string): number
  bool(name: string): boolean
  str(name: string): string
  /** A copy. */
  bytes(name: string, maxBytes: number): Uint8Array
  choice<T extends string>(name: string, names: Names<T>): T
  /** A client message id, or null for none. */
  messageId(name: string): MessageId | null
  messageTypes(name: string): number[]
  error(): ReplyErrorName
  /** The fields of a message that a client sends, checked, as a copy of its body. */
  body(): Uint8Array
  /** The bytes of an entry, possibly a view of what is read. */
  entry(name: string): Uint8Array
  strings(name: string, max: number, check: (text: string, name: string) => string): string[]
  list<T>(name: string, max: number, read: (fields: FieldReader) => T): T[]
}

export interface FieldWriter {
  ref(ref: number): void
  uint(name: string, n: number): void
  uintOrZero(name: string, n: number): void
  bool(name: string, b: boolean): void
  str(name: string, text: string): void
  bytes(name: string, bytes: Uint8Array): void
  choice<T extends string>(name: string, names: Names<T>, value: T): void
  messageId(name: string, id: MessageId | null): void
  messageTypes(name: string, types: readonly number[]): void
  error(error: ReplyErrorName): void
  body(body: Uint8Array): void
  entry(name: string, entry: Uint8Array): void
  strings(name: string, texts: readonly string[]): void
  list<T>(name: string, items: readonly T[], write: (item: T, fields: FieldWriter) => void): void
}

/** The fields of a frame after its type. Methods, so that a shape of one frame of a union passes as a shape of the union. */
export interface Shape<F> {
  read(fields: FieldReader): F
  write(frame: F, fields: FieldWriter): void
}
