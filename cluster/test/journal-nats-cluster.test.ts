/**
 * The journal with three replicas on three real nats-servers: what every journal keeps to, and that killing each server once
 * while records are appended loses none that was answered as stored and lets nobody past the fence.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { Journal } from '../../actors/journal.js'
import { silent } from '../../actors/logger.js'
import { journalConformance } from '../../actors/test/journal-conformance.js'
import { startNatsCluster } from '../embedded/nats-cluster.js'
import { openNatsJournal } from '../journal-nats.js'
import { connectNats, type NatsLine } from '../nats-connection.js'

const dir = mkdtempSync(join(tmpdir(), 'rookery-nats-'))
const cluster = await startNatsCluster({ dir })
t.teardown(async () => {
  await cluster.stop()
  rmSync(dir, { recursive: true, force: true })
})

let worlds = 0
journalConformance(t, () => {
  const name = `world-${++worlds}`
  const lines: NatsLine[] = []
  return Promise.resolve({
    journal: async () => {
      const line = await connectNats({ url: cluster.url, name: 'test', log: silent })
      lines.push(line)
      return openNatsJournal(line, { cluster: name, shards: 8, replicas: 3 })
    },
    close: async () => void (await Promise.all(lines.map((line) => line.close()))),
  })
})

/** Appends numbers as an owner does: repeats the identical record until its outcome is known. */
class Writer {
  readonly stored: number[] = []
  private readonly journal: Journal
  private readonly shard: number

  constructor(journal: Journal, shard: number) {
    this.journal = journal
    this.shard = shard
  }

  async append(): Promise<void> {
    const expected = this.stored.at(-1) ?? 0
    const record = Uint8Array.of(this.shard, this.stored.length)
    for (;;) {
      const outcome = await this.journal.append(this.shard, expected, record)
      if (outcome.outcome === 'stored') return void this.stored.push(outcome.seq)
      if (outcome.outcome === 'refused') return this.adopt(record)
      await pause(20)
    }
  }

  /** Refused after an unknown outcome: the newest record must be the one that was repeated. */
  private async adopt(record: Uint8Array): Promise<void> {
    const tail = await this.journal.tail(this.shard)
    if (Buffer.compare(tail.record ?? Buffer.of(), record) !== 0) throw new Error('somebody else got past the fence')
    this.stored.push(tail.seq)
  }
}

t.test('journal-nats: killing each of three servers once loses no stored record', async (t) => {
  const line = await connectNats({ url: cluster.url, name: 'writer', log: silent })
  t.teardown(() => line.close())
  const journal = await openNatsJournal(line, { cluster: 'kills', shards: 4, replicas: 3, appendTimeoutMs: 1000 })
  const writers = [0, 1, 2, 3].map((shard) => new Writer(journal, shard))
  const appendAll = async (count: number) => {
    for (let i = 0; i < count; i++) await Promise.all(writers.map((writer) => writer.append()))
  }
  for (const index of [0, 1, 2]) {
    const underWay = appendAll(20)
    await cluster.servers[index]?.kill()
    await underWay
    await appendAll(10)
    await cluster.restart(index)
  }
  for (const [shard, writer] of writers.entries()) {
    const read: [number, number][] = []
    const upTo = writer.stored.at(-1) as number
    await journal.read([{ shard, after: 0, upTo }], (_shard, seq, record) => void read.push([seq, record[1] as number]))
    t.same(read, writer.stored.map((seq, i) => [seq, i])) // prettier-ignore
    t.equal(read.length, 90)
  }
})
