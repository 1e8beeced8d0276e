/**
 * A stale owner: the process that owns a conversation stands still (SIGSTOP) until the others have taken its shards, then wakes
 * (SIGCONT) with messages in its hands and without having heard of it. The journal itself is read to show that nothing of it was stored any more.
 */
import t, { type Test } from 'tap'
import { silent } from '../../actors/logger.js'
import type { NodeStatus } from '../../actors/transport.js'
import { decodeRecord, type JournalRecord } from '../../actors/record.js'
import { directConversation, type ConversationId } from '../../protocol/client/index.js'
import { decodeEntry } from '../../protocol/entry-codec.js'
import { openNatsJournal } from '../journal-nats.js'
import { connectNats } from '../nats-connection.js'
import { natsNames } from '../nats-subjects.js'
import type { ProcessNode } from './process-node.js'
import { checkTraffic, Talker } from './process-traffic.js'
import { until } from './process-until.js'
import { Wire } from './process-wire.js'
import { ProcessWorld, SHARDS } from './process-world.js'

const world = await ProcessWorld.start(0)
t.teardown(() => world.stop())
const wires = await Promise.all([1, 2, 3].map(() => Wire.to(world.nats.port)))
t.teardown(() => Promise.all(wires.map((wire) => wire.stop())))
await world.startNodes(wires.map((wire) => ({ NATS_URL: wire.url })))

/** The records of a conversation's shard as they stand in the stream, oldest first. */
async function journalOf(conversation: ConversationId): Promise<JournalRecord[]> {
  const line = await connectNats({ url: world.nats.url, name: 'reader', log: silent })
  try {
    const journal = await openNatsJournal(line, { cluster: 'rookery', shards: SHARDS, replicas: 1 })
    const shard = world.shardOf(conversation)
    const { seq: upTo } = await journal.tail(shard)
    const records: JournalRecord[] = []
    await journal.read([{ shard, after: 0, upTo }], (_shard, _seq, bytes) => void records.push(decodeRecord(bytes)))
    return records
  } finally {
    await line.close()
  }
}

/** Resolves when the others have a view without the node and serve all shards. */
async function movedAwayFrom(frozen: ProcessNode): Promise<void> {
  const others = world.nodes.filter((node) => node !== frozen)
  await until(`the others serve the shards of ${frozen.name}`, async () => {
    const statuses = await Promise.all(others.map((node) => node.status()))
    const served = statuses.reduce((sum, { owned }) => sum + owned.length, 0)
    return served === SHARDS && statuses.every(({ view }) => view?.members.every(({ node }) => node !== frozen.name))
  })
}

const isOf = (record: JournalRecord, { node, incarnation }: NodeStatus): boolean =>
  record.node === node && record.incarnation === incarnation

for (const round of [1, 2]) {
  t.test(`stale owner: what it wakes up with is not stored and not acked by it, round ${String(round)}`, async (t) => {
    const names = ['x', 'y'].map((name) => `${name}${String(round)}`) as [string, string]
    const conversation = directConversation(...names)
    const owner = await world.ownerOf(conversation)
    const other = world.nodes.find((node) => node !== owner) as ProcessNode
    const atOwner = await world.person(names[0], owner)
    const elsewhere = await world.person(names[1], other)
    const talkers = [new Talker(atOwner, conversation), new Talker(elsewhere, conversation)]
    await until('everybody talks', () => talkers.every(({ acked }) => acked.length >= 20))
    const stale = await owner.status()

    const wire = wires[world.nodes.indexOf(owner)] as Wire
    wire.hold()
    owner.freeze()
    const inFlight = Promise.all(
      [1, 2, 3].map((i) => atOwner.client.send(conversation, { content: `late-${names[0]} ${String(i)}` })),
    )
    await movedAwayFrom(owner)
    const before = talkers[1]?.acked.length ?? 0
    await until('the other node goes on without it', () => (talkers[1]?.acked.length ?? 0) >= before + 20)

    owner.wake()
    const subject = natsNames('rookery').journalSubject(world.shardOf(conversation))
    await until('it wakes and writes to the journal', () => wire.said(`HPUB ${subject} `))
    wire.release()
    const late = await inFlight
    await world.settled()
    const acks = talkers.map(({ acked }) => acked.length + 20)
    await until('everybody talks again', () => talkers.every(({ acked }, i) => acked.length >= (acks[i] ?? 0)))
    await checkTraffic(t, talkers)

    const records = await journalOf(conversation)
    const mark = records.findIndex((record) => record.view > (stale.view?.number ?? 0) && record.node !== owner.name)
    t.ok(mark > 0, 'a newer owner wrote its mark')
    t.equal(records[mark]?.entries.length, 0)
    t.strictSame(
      records.slice(mark).filter((record) => isOf(record, stale)),
      [],
      'nothing of the stale owner after it',
    )
    t.ok(
      records.slice(0, mark).some((record) => isOf(record, stale)),
      'it did own the shard before',
    )
    checkChain(t, records)
    checkAcks(t, records, conversation, [...talkers.flatMap(({ acked }) => acked), ...late])
  })
}

/** Views never fall, numbers rise by one: no record is a branch of its own. */
function checkChain(t: Test, records: readonly JournalRecord[]): void {
  const wrong = records.filter((record, i) => {
    const before = records[i - 1]
    return before !== undefined && (record.view < before.view || record.number !== before.number + 1)
  })
  t.strictSame(wrong, [], 'the records are one chain')
}

/** Everything acked is in the journal at the seq of its ack, and no seq was given twice. */
function checkAcks(
  t: Test,
  records: readonly JournalRecord[],
  conversation: ConversationId,
  acked: readonly { readonly seq: number }[],
): void {
  const entries = records.flatMap((record) => record.entries.map((bytes) => decodeEntry(bytes)))
  const seqs = entries.filter((entry) => entry.conversation === conversation).map(({ seq }) => seq)
  t.strictSame(
    seqs,
    seqs.map((_, i) => i + 1),
    'each seq is there once, in order',
  )
  t.ok(new Set(acked.map(({ seq }) => seq)).size === acked.length && acked.every(({ seq }) => seq <= seqs.length))
}
