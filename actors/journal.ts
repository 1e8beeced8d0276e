/**
 * Journal: the durable record, one sequence of records per shard. A record is opaque here. Sequence numbers rise but are not
 * dense (shards share streams). The fence: a record is stored only when the caller knows the shard's newest number.
 */
export type ShardId = number

/** The newest record of a shard, read from the leader, never from a replica that may be behind. */
export interface JournalTail {
  /** Identity of the stream that holds the shard (its creation time): another one means that numbers began anew. */
  readonly stream: string
  /** 0 when the shard has no record. */
  readonly seq: number
  readonly record: Uint8Array | null
}

export type AppendOutcome =
  /** Stored and replicated as configured, as this number. */
  | { readonly outcome: 'stored'; readonly seq: number }
  /** Not stored: the newest number is not the expected one. */
  | { readonly outcome: 'refused' }
  /** Nobody knows: time-out, leader change. Only the identical append may follow. */
  | { readonly outcome: 'unknown'; readonly reason: string }
  /** Certainly not stored, and may work later: the stream is full or the server says it is unavailable before storing. */
  | { readonly outcome: 'unavailable'; readonly reason: string }

export interface ShardRange {
  readonly shard: ShardId
  /** Records with `after < seq <= upTo`. */
  readonly after: number
  readonly upTo: number
}

export interface Journal {
  /** Rejects when the journal cannot be reached. */
  tail(shard: ShardId): Promise<JournalTail>
  /** Stores `record` if the shard's newest number is `expected` (0 for an empty shard). Never rejects. */
  append(shard: ShardId, expected: number, record: Uint8Array): Promise<AppendOutcome>
  /**
   * Calls `each` for every record in the ranges that is still kept, in rising order per shard; resolves when all were given.
   * Rejects when the journal cannot be reached or the reading broke off: start again.
   */
  read(ranges: readonly ShardRange[], each: (shard: ShardId, seq: number, record: Uint8Array) => void): Promise<void>
  /** Drops the shard's records below `seq`; the caller never asks for its newest. */
  purge(shard: ShardId, below: number): Promise<void>
}
