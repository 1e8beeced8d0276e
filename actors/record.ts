/**
 * A journal record: the entries a shard stored with one append, or the mark of a new owner. This file is its format only;
 * shard.ts writes records under the fence, take-over.ts reads them. A record names the record before it (`prev`), so that a
 * reader sees whether something is missing between two, and the last archived position, so that a new owner knows where to begin
 * while Postgres is away.
 */
import { MsgpackError, Reader, Writer } from '../protocol/msgpack.js'
import type { NodeId } from './bus.js'

export const RECORD_VERSION = 1

/** Bytes of entries one record takes at most; NATS' default limit for a message is 1 MiB. */
export const RECORD_BYTES = 512 * 1024

export interface RecordHead {
  /** Number of the view by which the writer owns the shard. */
  readonly view: number
  readonly node: NodeId
  readonly incarnation: number
  /** 1, 2, 3 … within the shard. */
  readonly number: number
  /** Journal number of the shard's previous record; 0 for the first. */
  readonly prev: number
  /** Journal number of the last record known to be archived. */
  readonly archived: number
  /** The shard's epoch; a conversation's is this or its own, whichever is higher. */
  readonly epoch: number
}

export interface JournalRecord extends RecordHead {
  /** Encoded entries (protocol/entry-codec.ts) in commit order; none in an ownership record. */
  readonly entries: readonly Uint8Array[]
}

/** Thrown for a record of a version this node cannot read: the shard must not be served by it. */
export class RecordError extends Error {}

const writer = new Writer()

export function encodeRecord(head: RecordHead, entries: readonly Uint8Array[]): Uint8Array {
  writer.array(9 + entries.length)
  writer.uint(RECORD_VERSION)
  writer.uint(head.view)
  writer.str(head.node)
  writer.uint(head.incarnation)
  writer.uint(head.number)
  writer.uint(head.prev)
  writer.uint(head.archived)
  writer.uint(head.epoch)
  writer.uint(entries.length)
  for (const entry of entries) writer.bin(entry)
  return writer.take()
}

export function decodeRecord(bytes: Uint8Array): JournalRecord {
  try {
    const reader = new Reader(bytes)
    reader.array(1 << 20)
    const version = reader.uint()
    if (version !== RECORD_VERSION) throw new RecordError(`record version ${version} is not known to this node`)
    const head = {
      view: reader.uint(),
      node: reader.str(64),
      incarnation: reader.uint(),
      number: reader.uint(),
      prev: reader.uint(),
      archived: reader.uint(),
      epoch: reader.uint(),
    }
    const entries: Uint8Array[] = []
    for (let left = reader.uint(); left > 0; left--) entries.push(reader.bin(RECORD_BYTES * 2))
    return { ...head, entries }
  } catch (error) {
    if (error instanceof MsgpackError) throw new RecordError(`not a record: ${error.message}`)
    throw error
  }
}
