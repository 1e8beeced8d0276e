/**
 * Arrays in Postgres' binary format, for parameters of UNNEST. The driver sends a Buffer as it is and anything else as text;
 * an array of bytea as text is hexadecimal with every backslash doubled, three times the bytes and most of the time of a batch.
 * The format is that of array_recv and the types' own receive functions (postgres/src/backend/utils/adt/arrayfuncs.c).
 * A value that does not fit its type throws a RangeError: the row is refused as the server would refuse it.
 */
const OID = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, uuid: 2950 } as const

const HEADER = 20
/** An array without elements has no dimension. */
const EMPTY = 12
const UUID_BYTES = 16

/** An array being written, element by element. */
class ArrayWriter {
  readonly #array: Buffer
  readonly #view: DataView
  #offset = HEADER

  /** `bytes` of all elements without their lengths, at most. */
  constructor(oid: number, count: number, bytes: number, nulls: boolean) {
    this.#array = Buffer.allocUnsafe(count === 0 ? EMPTY : HEADER + 4 * count + bytes)
    this.#view = new DataView(this.#array.buffer, this.#array.byteOffset, this.#array.length)
    this.#view.setInt32(0, count === 0 ? 0 : 1)
    this.#view.setInt32(4, nulls ? 1 : 0)
    this.#view.setInt32(8, oid)
    if (count === 0) return
    this.#view.setInt32(12, count)
    this.#view.setInt32(16, 1)
  }

  /** Where the view's next element of so many bytes goes. */
  next(bytes: number): number {
    this.#view.setInt32(this.#offset, bytes)
    const at = this.#offset + 4
    this.#offset = at + bytes
    return at
  }

  get view(): DataView {
    return this.#view
  }

  null(): void {
    this.#view.setInt32(this.#offset, -1)
    this.#offset += 4
  }

  /** A byte for each character. */
  latin1(text: string): void {
    const at = this.next(text.length)
    for (let i = 0; i < text.length; i++) this.#array[at + i] = text.charCodeAt(i)
  }

  text(text: string, bytes: number): void {
    if (bytes === text.length) this.latin1(text)
    else this.#array.write(text, this.next(bytes))
  }

  bytes(bytes: Uint8Array): void {
    this.#array.set(bytes, this.next(bytes.length))
  }

  end(): Buffer {
    return this.#array.length <= this.#offset ? this.#array : this.#array.subarray(0, this.#offset)
  }
}

export function int8Array(values: readonly number[]): Buffer {
  const writer = new ArrayWriter(OID.int8, values.length, 8 * values.length, false)
  for (const value of values) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${String(value)} is not an integer of 53 bits`)
    const at = writer.next(8)
    writer.view.setInt32(at, Math.floor(value / 2 ** 32))
    writer.view.setUint32(at + 4, value >>> 0)
  }
  return writer.end()
}

/** Bigints of 64 bits, signed. */
export function bigintArray(values: readonly bigint[]): Buffer {
  const writer = new ArrayWriter(OID.int8, values.length, 8 * values.length, false)
  for (const value of values) {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${String(value)} is not an integer of 64 bits`)
    writer.view.setBigInt64(writer.next(8), value)
  }
  return writer.end()
}

export function int4Array(values: readonly number[]): Buffer {
  const writer = new ArrayWriter(OID.int4, values.length, 4 * values.length, false)
  for (const value of values) writer.view.setInt32(writer.next(4), within(value, 2 ** 31))
  return writer.end()
}

export function int2Array(values: readonly number[]): Buffer {
  const writer = new ArrayWriter(OID.int2, values.length, 2 * values.length, false)
  for (const value of values) writer.view.setInt16(writer.next(2), within(value, 2 ** 15))
  return writer.end()
}

export function boolArray(values: readonly boolean[]): Buffer {
  const writer = new ArrayWriter(OID.bool, values.length, values.length, false)
  for (const value of values) writer.view.setUint8(writer.next(1), value ? 1 : 0)
  return writer.end()
}

/** UUIDs of 16 latin1 characters (protocol/ids.ts); '' is NULL. */
export function uuidArray(ids: readonly string[]): Buffer {
  const writer = new ArrayWriter(OID.uuid, ids.length, UUID_BYTES * ids.length, ids.includes(''))
  for (const id of ids) {
    if (id === '') writer.null()
    else if (id.length === UUID_BYTES) writer.latin1(id)
    else throw new RangeError(`a UUID has 16 bytes, not ${String(id.length)}`)
  }
  return writer.end()
}

export function textArray(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text))
  const writer = new ArrayWriter(OID.text, texts.length, sum(lengths), false)
  for (const [i, text] of texts.entries()) writer.text(text, lengths[i] ?? 0)
  return writer.end()
}

/** Bytes as they are; a string gives its UTF-8; null is NULL. */
export function byteaArray(values: readonly (Uint8Array | string | null)[]): Buffer {
  const lengths = values.map((value) => (value === null ? 0 : Buffer.byteLength(value)))
  const writer = new ArrayWriter(OID.bytea, values.length, sum(lengths), values.includes(null))
  for (const [i, value] of values.entries()) {
    if (value === null) writer.null()
    else if (typeof value === 'string') writer.text(value, lengths[i] ?? 0)
    else writer.bytes(value)
  }
  return writer.end()
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** An integer from -limit to limit - 1. */
function within(value: number, limit: number): number {
  if (!Number.isInteger(value) || value < -limit || value >= limit)
    throw new RangeError(`${String(value)} is not an integer of its type`)
  return value
}
