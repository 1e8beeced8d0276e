/**
 * The journal in JetStream: what every journal keeps to, on a real nats-server that is killed and restarted, and what is its
 * own: streams as configured, a full stream, an unreachable server, readings that break.
 */
import t, { type Test } from 'tap'
import type { Journal } from '../../actors/journal.js'
import { journalConformance } from '../../actors/test/journal-conformance.js'
import { callJetStream } from '../jetstream-api.js'
import { openNatsJournal } from '../journal-nats.js'
import { deliveryOf } from '../journal-reading.js'
import { natsNames } from '../nats-subjects.js'
import { lineIs, NatsWorld } from './nats-world.js'

const world = await NatsWorld.start()
t.teardown(() => world.stop())

for (const streams of [1, 3]) {
  t.test(`journal-nats: with ${streams} streams`, (t: Test) => {
    journalConformance(t, () => {
      const cluster = world.freshCluster()
      return Promise.resolve({
        journal: async () => openNatsJournal(await world.line(), { cluster, shards: 8, replicas: 1, streams }),
        crash: async () => {
          await world.kill()
          await world.restart()
        },
        close: () => world.closeLines(),
      })
    })
    t.end()
  })
}

t.test(
  'journal-nats: a stream that differs from the configuration refuses the start and names the field',
  async (t) => {
    const cluster = world.freshCluster()
    const line = await world.line()
    t.teardown(() => world.closeLines())
    const options = { cluster, shards: 8, replicas: 1 as const }
    await openNatsJournal(line, options)
    await openNatsJournal(line, options)
    await t.rejects(openNatsJournal(line, { ...options, maxBytes: 1_000_000 }), /max_bytes is -1, not 1000000/)
    await t.rejects(openNatsJournal(line, { ...options, shards: 16 }), /subjects is/)
    const name = natsNames(cluster).journalStream(0)
    const { config } = await callJetStream<{ config: object }>(line, `STREAM.INFO.${name}`)
    await callJetStream(line, `STREAM.UPDATE.${name}`, { ...config, max_age: 3_600_000_000_000 })
    await t.rejects(openNatsJournal(line, options), /max_age is 3600000000000, not 0/)
  },
)

t.test('journal-nats: a recreated stream has another identity', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const options = { cluster, shards: 8, replicas: 1 as const }
  const journal = await openNatsJournal(line, options)
  const before = await journal.tail(0)
  await callJetStream(line, `STREAM.DELETE.${natsNames(cluster).journalStream(0)}`)
  await openNatsJournal(line, options)
  t.not((await journal.tail(0)).stream, before.stream)
})

t.test('journal-nats: a full stream is unavailable, and takes records again after a purge', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1, maxBytes: 100_000 })
  let newest = 0
  let outcome = await journal.append(0, newest, new Uint8Array(20_000))
  for (; outcome.outcome === 'stored'; outcome = await journal.append(0, newest, new Uint8Array(20_000)))
    newest = outcome.seq
  t.match(outcome, { outcome: 'unavailable', reason: /maximum bytes/ })
  t.equal((await journal.tail(0)).seq, newest)
  await journal.purge(0, newest)
  t.match(await journal.append(0, newest, new Uint8Array(20_000)), { outcome: 'stored' })
})

t.test('journal-nats: a deleted stream and a dead server make appends unavailable at once, tails reject', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1 })
  t.match(await journal.append(0, 0, Uint8Array.of(1)), { outcome: 'stored' })
  await world.kill()
  t.match(await journal.append(0, 1, Uint8Array.of(1)), { outcome: 'unavailable' })
  await t.rejects(journal.tail(0), /line to NATS is down/)
  await t.rejects(journal.read([{ shard: 0, after: 0, upTo: 1 }], () => {}))
  await world.restart()
  t.match(await journal.append(0, 1, Uint8Array.of(1)), { outcome: 'stored' })
  await callJetStream(line, `STREAM.DELETE.${natsNames(cluster).journalStream(0)}`)
  t.match(await journal.append(0, 2, Uint8Array.of(1)), { outcome: 'unavailable' })
})

t.test('journal-nats: an append under way when the server is killed ends as unknown or stored', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1 })
  const record = new Uint8Array(500_000)
  const appends = Promise.all([0, 1, 2, 3].map((shard) => journal.append(shard, 0, record)))
  await world.kill()
  for (const { outcome } of await appends) t.match(outcome, /stored|unknown/)
  await world.restart()
  for (const [shard, { outcome }] of (await appends).entries()) {
    const { seq } = await journal.tail(shard)
    if (outcome === 'stored') t.ok(seq > 0, 'a stored record is there')
    t.match(await journal.append(shard, 0, record), { outcome: seq > 0 ? 'refused' : 'stored' })
  }
})

t.test(
  'journal-nats: a server that hangs is noticed, appends under way end as unknown, and all recovers',
  async (t) => {
    const cluster = world.freshCluster()
    const line = await world.line()
    t.teardown(() => world.closeLines())
    const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1, appendTimeoutMs: 60_000 })
    process.kill(world.server.pid, 'SIGSTOP')
    const underWay = journal.append(0, 0, Uint8Array.of(1))
    await lineIs(line, false)
    t.match(await underWay, { outcome: 'unknown', reason: /line/ })
    t.match(await journal.append(1, 0, Uint8Array.of(1)), { outcome: 'unavailable' })
    process.kill(world.server.pid, 'SIGCONT')
    await lineIs(line, true)
    t.match(await journal.append(1, 0, Uint8Array.of(1)), { outcome: 'stored' })
    const { seq } = await journal.tail(0)
    t.match(await journal.append(0, 0, Uint8Array.of(1)), { outcome: seq > 0 ? 'refused' : 'stored' })
  },
)

t.test('journal-nats: temporary consumers are deleted, also when the reader fails', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1 })
  await journal.append(0, 0, Uint8Array.of(1))
  const range = [{ shard: 0, after: 0, upTo: 1 }]
  await journal.read(range, () => {})
  const fail = () => {
    throw new Error('on purpose')
  }
  await t.rejects(journal.read(range, fail), /on purpose/)
  const name = natsNames(cluster).journalStream(0)
  const { total } = await callJetStream<{ total: number }>(line, `CONSUMER.NAMES.${name}`)
  t.equal(total, 0)
})

t.test('journal-nats: a reading larger than the server would buffer for a client is pulled in parts', async (t) => {
  const cluster = world.freshCluster()
  const line = await world.line()
  t.teardown(() => world.closeLines())
  const journal = await openNatsJournal(line, { cluster, shards: 8, replicas: 1 })
  const upTo = await Promise.all(Array.from({ length: 8 }, (_, shard) => fill(journal, shard, 50)))
  let read = 0
  await journal.read(upTo.map((seq, shard) => ({ shard, after: 0, upTo: seq })), () => read++) // prettier-ignore
  t.equal(read, 400)
})

async function fill(journal: Journal, shard: number, count: number): Promise<number> {
  let newest = 0
  for (let i = 0; i < count; i++) {
    const outcome = await journal.append(shard, newest, new Uint8Array(250_000))
    if (outcome.outcome !== 'stored') throw new Error(outcome.outcome)
    newest = outcome.seq
  }
  return newest
}

t.test('journal-reading: numbers are found in reply subjects with and without a domain', (t) => {
  const numbers = { seq: 20, count: 10, pending: 3 }
  t.same(deliveryOf('$JS.ACK.S.C.1.20.10.1700000000000000000.3'), numbers)
  t.same(deliveryOf('$JS.ACK._.HASH.S.C.1.20.10.1700000000000000000.3.rand'), numbers)
  t.throws(() => deliveryOf(''), /no numbers/)
  t.end()
})
