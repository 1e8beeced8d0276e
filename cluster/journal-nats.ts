/**
 * Journal in JetStream: a few streams, one subject per shard, records appended under the fence of the subject's newest number.
 * Tails come from the stream's leader. Streams keep records until the owner purges them and refuse new ones when full.
 */
import type { AppendOutcome, Journal, JournalTail, ShardId, ShardRange } from '../actors/journal.js'
import { fencedPublish, type FencedOptions } from './fenced-publish.js'
import { callJetStream, newestMessage } from './jetstream-api.js'
import { ensureStream, streamIdentity, type Replicas } from './jetstream-stream.js'
import { JournalReading } from './journal-reading.js'
import type { NatsLine } from './nats-connection.js'
import { natsNames, type NatsNames } from './nats-subjects.js'

export interface NatsJournalOptions {
  readonly cluster: string
  readonly shards: number
  readonly replicas: Replicas
  /** Default: one stream up to 16 shards, else four. */
  readonly streams?: number
  /** Largest size of one stream; default: as large as the server allows. */
  readonly maxBytes?: number
  /** Milliseconds until the outcome of an append is unknown. */
  readonly appendTimeoutMs?: number
}

const APPEND_MS = 5000

/** Makes or checks the streams. Rejects when one is not as wanted, naming the field, or when the server is too old. */
export async function openNatsJournal(line: NatsLine, options: NatsJournalOptions): Promise<NatsJournal> {
  const names = natsNames(options.cluster)
  const streams = options.streams ?? (options.shards <= 16 ? 1 : 4)
  for (let index = 0; index < streams; index++) {
    await ensureStream(line, {
      name: names.journalStream(index),
      subjects: shardsOf(index, streams, options.shards).map((shard) => names.journalSubject(shard)),
      num_replicas: options.replicas,
      max_bytes: options.maxBytes ?? -1,
      max_msgs_per_subject: -1,
      allow_rollup_hdrs: false,
    })
  }
  const timeoutMs = options.appendTimeoutMs ?? APPEND_MS
  return new NatsJournal(line, names, streams, { replicas: options.replicas, timeoutMs })
}

function shardsOf(index: number, streams: number, shards: number): ShardId[] {
  return Array.from({ length: shards }, (_, shard) => shard).filter((shard) => shard % streams === index)
}

export class NatsJournal implements Journal {
  private readonly line: NatsLine
  private readonly names: NatsNames
  private readonly streams: number
  private readonly fenced: FencedOptions

  constructor(line: NatsLine, names: NatsNames, streams: number, fenced: FencedOptions) {
    this.line = line
    this.names = names
    this.streams = streams
    this.fenced = fenced
  }

  async tail(shard: ShardId): Promise<JournalTail> {
    const stream = this.streamOf(shard)
    const [identity, newest] = await Promise.all([
      streamIdentity(this.line, stream),
      newestMessage(this.line, stream, this.names.journalSubject(shard)),
    ])
    return { stream: identity, seq: newest?.seq ?? 0, record: newest?.data ?? null }
  }

  append(shard: ShardId, expected: number, record: Uint8Array): Promise<AppendOutcome> {
    return fencedPublish(this.line, this.names.journalSubject(shard), expected, record, this.fenced)
  }

  async read(
    ranges: readonly ShardRange[],
    each: (shard: ShardId, seq: number, record: Uint8Array) => void,
  ): Promise<void> {
    const byStream = new Map<string, ShardRange[]>()
    for (const range of ranges) {
      const stream = this.streamOf(range.shard)
      byStream.set(stream, [...(byStream.get(stream) ?? []), range])
    }
    const readings = [...byStream].map(([stream, wanted]) =>
      new JournalReading(this.line, stream, this.names, wanted, each).run(),
    )
    await Promise.all(readings)
  }

  async purge(shard: ShardId, below: number): Promise<void> {
    const body = { filter: this.names.journalSubject(shard), seq: below }
    await callJetStream(this.line, `STREAM.PURGE.${this.streamOf(shard)}`, body)
  }

  private streamOf(shard: ShardId): string {
    return this.names.journalStream(shard % this.streams)
  }
}
