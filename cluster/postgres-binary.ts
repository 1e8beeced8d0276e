/**
 * Arrays in Postgres' binary format, for parameters of UNNEST. The driver sends a Buffer as it is and anything else as text;
 * an array of bytea as text is hexadecimal with every backslash doubled, three times the bytes and most of the time of a batch.
 * The format is that of array_recv and the types' own receive functions (postgres/src/backend/utils/adt/arrayfuncs.c).
 * A value that does not fit its type throws a RangeError: the row is refused as the server would refuse it.
 */
const OID = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, uuid: 2950 } as const

const HEADER = 20
const UUID_BYTES = 16

/** `write` puts element `i` at `offset` of the array and answers its length; null is NULL. */
interface Elements {
  readonly oid: number
  readonly count: number
  readonly bytes: number
  readonly nulls: boolean
  readonly write: (array: Buffer, offset: number, i: number) => number | null
}

function encode({ oid, count, bytes, nulls, write }: Elements): Buffer {
  if (count === 0) return empty(oid)
  const array = Buffer.allocUnsafe(HEADER + 4 * count + bytes)
  array.writeInt32BE(1, 0)
  array.writeInt32BE(nulls ? 1 : 0, 4)
  array.writeInt32BE(oid, 8)
  array.writeInt32BE(count, 12)
  array.writeInt32BE(1, 16)
  let offset = HEADER
  for (let i = 0; i < count; i++) {
    const length = write(array, offset + 4, i)
    array.writeInt32BE(length ?? -1, offset)
    offset += 4 + (length ?? 0)
  }
  return offset === array.length ? array : array.subarray(0, offset)
}

function empty(oid: number): Buffer {
  const array = Buffer.alloc(12)
  array.writeInt32BE(oid, 8)
  return array
}

export function int8Array(values: readonly number[]): Buffer {
  return fixed(OID.int8, 8, values, (array, value, offset) => {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${String(value)} is not an integer of 53 bits`)
    array.writeInt32BE(Math.floor(value / 2 ** 32), offset)
    array.writeUInt32BE(value >>> 0, offset + 4)
  })
}

/** Bigints of 64 bits, signed. */
export function bigintArray(values: readonly bigint[]): Buffer {
  return fixed(OID.int8, 8, values, (array, value, offset) => array.writeBigInt64BE(value, offset))
}

export function int4Array(values: readonly number[]): Buffer {
  return fixed(OID.int4, 4, values, (array, value, offset) => array.writeInt32BE(whole(value), offset))
}

export function int2Array(values: readonly number[]): Buffer {
  return fixed(OID.int2, 2, values, (array, value, offset) => array.writeInt16BE(whole(value), offset))
}

export function boolArray(values: readonly boolean[]): Buffer {
  return fixed(OID.bool, 1, values, (array, value, offset) => array.writeUInt8(value ? 1 : 0, offset))
}

/** UUIDs of 16 latin1 characters (protocol/ids.ts); '' is NULL. */
export function uuidArray(ids: readonly string[]): Buffer {
  const write = (array: Buffer, offset: number, i: number): number | null => {
    const id = ids[i] as string
    if (id === '') return null
    if (id.length !== UUID_BYTES) throw new RangeError(`a UUID has 16 bytes, not ${String(id.length)}`)
    return array.write(id, offset, 'latin1')
  }
  return encode({ oid: OID.uuid, count: ids.length, bytes: UUID_BYTES * ids.length, nulls: ids.includes(''), write })
}

export function textArray(texts: readonly string[]): Buffer {
  let bytes = 0
  for (const text of texts) bytes += Buffer.byteLength(text)
  const write = (array: Buffer, offset: number, i: number) => array.write(texts[i] as string, offset)
  return encode({ oid: OID.text, count: texts.length, bytes, nulls: false, write })
}

/** Bytes as they are; a string gives its UTF-8; null is NULL. */
export function byteaArray(values: readonly (Uint8Array | string | null)[]): Buffer {
  let bytes = 0
  for (const value of values) bytes += value === null ? 0 : Buffer.byteLength(value)
  const write = (array: Buffer, offset: number, i: number): number | null => {
    const value = values[i] ?? null
    if (value === null) return null
    if (typeof value === 'string') return array.write(value, offset)
    array.set(value, offset)
    return value.length
  }
  return encode({ oid: OID.bytea, count: values.length, bytes, nulls: values.includes(null), write })
}

function fixed<T>(
  oid: number,
  size: number,
  values: readonly T[],
  put: (array: Buffer, value: T, offset: number) => void,
): Buffer {
  const write = (array: Buffer, offset: number, i: number): number => {
    put(array, values[i] as T, offset)
    return size
  }
  return encode({ oid, count: values.length, bytes: size * values.length, nulls: false, write })
}

function whole(value: number): number {
  if (!Number.isInteger(value)) throw new RangeError(`${String(value)} is not an integer`)
  return value
}
