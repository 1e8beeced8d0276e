/**
 * What every version of history keeps to. The versions' own tests call this with a world: lines to one store, as different nodes
 * would hold them, and shards and conversations that no other test touches.
 */
import fc from 'fast-check'
import type { Test } from 'tap'
import { ENTRY_KIND, ENTRY_VERSION, MESSAGE_TYPE, type Entry } from '../../protocol/entry.js'
import { conversationKind, type ConversationId } from '../../protocol/ids.js'
import type { ArchiveBatch, History, PageQuery, StoredConversation, StoredParticipant } from '../history.js'

export interface HistoryWorld {
  /** Another line to the same store. */
  history(): Promise<History>
  close(): Promise<void>
}

/** Monday, 15 June 2026; an hour in it for every test would do, history does not mind. */
export const DAY = Date.UTC(2026, 5, 15)

export const idOf = (number: number): string =>
  `\x01\x02\x03\x04\x05\x06\x70\x00\x80\x00\x00\x00\x00${String(number).padStart(3, '\0')}`

export function message(conversation: ConversationId, seq: number, changes: Partial<Entry> = {}): Entry {
  return {
    version: ENTRY_VERSION,
    kind: ENTRY_KIND.message,
    conversation,
    seq,
    ordinal: seq,
    time: DAY + seq * 1000,
    sender: 'ann',
    device: 'phone',
    id: idOf(seq),
    type: MESSAGE_TYPE.text,
    content: new TextEncoder().encode(`text ${String(seq)}`),
    extra: null,
    priority: 5,
    ttl: 0,
    ...changes,
  }
}

export function conversationAt(last: Entry, changes: Partial<StoredConversation> = {}): StoredConversation {
  const { conversation, seq: head, ordinal, time } = last
  const kind = conversationKind(conversation) ?? 'room'
  const rest = { membershipSeq: 1, title: 'a title', open: false, creator: 'ann' }
  return { conversation, kind, epoch: 0, head, ordinal, time, ...rest, ...changes }
}

export function participant(user: string, changes: Partial<StoredParticipant> = {}): StoredParticipant {
  return { user, role: 'member', spans: [1], delivered: 0, read: 0, ...changes }
}

/** A batch of shard 0 from nothing to 10, of these entries and the states after them. */
export function batchOf(entries: readonly Entry[], changes: Partial<ArchiveBatch> = {}): ArchiveBatch {
  const last = new Map(entries.map((entry) => [entry.conversation, entry]))
  return {
    shard: 0,
    fromStream: '',
    from: 0,
    stream: 's1',
    to: 10,
    epoch: 0,
    entries,
    conversations: [...last.values()].map((entry) => conversationAt(entry)),
    participants: [],
    list: [],
    ...changes,
  }
}

export const pageOf = (conversation: ConversationId, changes: Partial<PageQuery> = {}): PageQuery => ({
  ...{ conversation, from: 1, to: Number.MAX_SAFE_INTEGER, limit: 200, newest: true, types: [] },
  ...changes,
})

/** Bytes as plain arrays: versions may answer subclasses of Uint8Array. */
export const plain = (entries: readonly Entry[]) => entries.map((entry) => ({ ...entry, content: [...entry.content] }))

const seqs = (entries: readonly Entry[]): number[] => entries.map(({ seq }) => seq)
const messages = (conversation: ConversationId, count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => message(conversation, i + 1))

export function historyConformance(t: Test, world: HistoryWorld): void {
  let shard = 0
  const test = (name: string, body: (t: Test, history: History, shard: number) => Promise<void>) =>
    t.test(`history: ${name}`, async (t) => body(t, await world.history(), shard++))
  t.teardown(() => world.close())

  test('the first to ask decides the number of shards', async (t, history) => {
    t.equal(await history.shards(64), 64)
    t.equal(await (await world.history()).shards(128), 64)
  })

  test('a shard never archived stands at zero of no stream', async (t, history, shard) => {
    t.same(await history.positions([shard]), [{ stream: '', seq: 0, epoch: 0 }])
    t.same(await history.activate(shard, ['r:nobody-made-it'], 0), {
      position: { stream: '', seq: 0, epoch: 0 },
      found: [],
    })
    t.same((await history.activate(shard, [], 0)).found, [])
  })

  test('a batch moves the position, and another one continues from there', async (t, history, shard) => {
    const entries = messages('r:moves', 4)
    t.match(await history.archive(batchOf(entries.slice(0, 2), { shard })), { outcome: 'archived', quarantined: 0 })
    const second = batchOf(entries.slice(2), { shard, fromStream: 's1', from: 10, to: 20, epoch: 1 })
    t.match(await history.archive(second), { outcome: 'archived' })
    t.same(await history.positions([shard, 63]), [
      { stream: 's1', seq: 20, epoch: 1 },
      { stream: '', seq: 0, epoch: 0 },
    ])
    t.same(seqs(await history.page(pageOf('r:moves'))), [1, 2, 3, 4])
  })

  test('a batch from another position writes nothing and learns the position', async (t, history, shard) => {
    await history.archive(batchOf(messages('r:fence', 1), { shard }))
    const late = message('r:fence', 2)
    const position = { stream: 's1', seq: 10, epoch: 0 }
    for (const [fromStream, from] of [
      ['', 0],
      ['s1', 9],
      ['s2', 10],
    ] as const) {
      const batch = batchOf([late], {
        shard,
        fromStream,
        from,
        to: 20,
        participants: [{ conversation: 'r:fence', participant: participant('bob') }],
      })
      t.same(await history.archive(batch), { outcome: 'mismatch', position })
    }
    const { found } = await history.activate(shard, ['r:fence'], 0)
    t.equal(found[0]?.state.head, 1)
    t.same(found[0]?.participants, [])
    t.same(seqs(await history.page(pageOf('r:fence'))), [1])
  })

  test('of two owners that continue from the same position one writes', async (t, history, shard) => {
    const other = await world.history()
    const batches = [history, other].map((line, i) =>
      line.archive(batchOf([message(`r:race-${String(i)}`, 1)], { shard, to: 10 + i })),
    )
    const outcomes = (await Promise.all(batches)).map(({ outcome }) => outcome)
    t.same([...outcomes].sort(), ['archived', 'mismatch'])
    const winner = outcomes.indexOf('archived')
    t.equal((await history.page(pageOf(`r:race-${String(winner)}`))).length, 1)
    t.same(await history.page(pageOf(`r:race-${String(1 - winner)}`)), [])
    t.match(await other.positions([shard]), [{ seq: 10 + winner }])
  })

  test('entries archived again are there once', async (t, history, shard) => {
    const entries = messages('r:again', 3)
    await history.archive(batchOf(entries.slice(0, 2), { shard }))
    await history.archive(batchOf(entries, { shard, fromStream: 's1', from: 10, stream: 's2', to: 1 }))
    t.same(plain(await history.page(pageOf('r:again'))), plain(entries))
  })

  test('an activation has the state, the participants and the position of one moment', async (t, history, shard) => {
    const last = message('r:whole', 3)
    const state = conversationAt(last, {
      title: 'Ann\'s "room"\\',
      open: true,
      membershipSeq: 2,
      epoch: 4,
      creator: "o'neil",
    })
    const ann = participant('ann', { role: 'owner', spans: [1, 2, 3], delivered: 3, read: 2 })
    const bob = participant('bob', { role: 'banned', spans: [1, 2] })
    const participants = [ann, bob].map((participant) => ({ conversation: 'r:whole', participant }))
    await history.archive(batchOf([last], { shard, epoch: 4, conversations: [state], participants }))
    const { position, found } = await history.activate(shard, ['r:whole', 'r:absent'], DAY)
    t.same(position, { stream: 's1', seq: 10, epoch: 4 })
    t.equal(found.length, 1)
    t.same(found[0]?.state, state)
    t.same(
      [...(found[0]?.participants ?? [])].sort((a, b) => (a.user < b.user ? -1 : 1)),
      [ann, bob],
    )
    t.same(found[0]?.ids, [{ sender: 'ann', id: idOf(3), seq: 3, epoch: 4, time: last.time }])
    t.same(found[0]?.list, [])
  })

  test('an activation has the ids since a time and no older ones', async (t, history, shard) => {
    const change = message('r:ids', 4, { kind: ENTRY_KIND.renamed, id: '', type: 0 })
    const entries = [...messages('r:ids', 3), change, message('r:ids', 5)]
    await history.archive(batchOf(entries, { shard }))
    const { found } = await history.activate(shard, ['r:ids'], DAY + 3000)
    t.same((found[0]?.ids ?? []).map(({ seq }) => seq).sort(), [3, 5])
  })

  test('the list of a user gains, changes and loses conversations', async (t, history, shard) => {
    const item = (conversation: string, since: number) => ({ conversation, since, epoch: 0 })
    const row = (conversation: string, since: number, gone: boolean) => ({
      user: 'lisa',
      item: item(conversation, since),
      gone,
    })
    const archive = (from: number, list: ArchiveBatch['list']) =>
      history.archive(
        batchOf([message('u:lisa', from + 1)], {
          shard,
          fromStream: from === 0 ? '' : 's1',
          from,
          to: from + 10,
          list,
        }),
      )
    await archive(0, [row('r:one', 1, false), row('r:two', 2, false)])
    await archive(10, [row('r:one', 1, true), row('r:two', 7, false), row('r:three', 3, false)])
    const { found } = await history.activate(shard, ['u:lisa'], Number.MAX_SAFE_INTEGER)
    const list = [...(found[0]?.list ?? [])].sort((a, b) => a.since - b.since)
    t.same(list, [item('r:three', 3), item('r:two', 7)])
  })

  test('a conversation does not go back within an epoch, and a new epoch may', async (t, history, shard) => {
    const at = (epoch: number, seq: number) => conversationAt(message('r:back', seq), { epoch })
    const head = async (from: number, state: StoredConversation) => {
      const fromStream = from === 0 ? '' : 's1'
      await history.archive(batchOf([], { shard, fromStream, from, to: from + 1, conversations: [state] }))
      const { found } = await history.activate(shard, ['r:back'], 0)
      return [found[0]?.state.epoch, found[0]?.state.head]
    }
    t.same(await head(0, at(1, 9)), [1, 9])
    t.same(await head(1, at(1, 8)), [1, 9])
    t.same(await head(2, at(0, 20)), [1, 9])
    t.same(await head(3, at(2, 5)), [2, 5])
  })

  test('marks only rise, by whichever way they come', async (t, history, shard) => {
    const rows = (delivered: number, read: number) => [
      { conversation: 'r:marks', participant: participant('ann', { delivered, read }) },
    ]
    await history.archive(batchOf(messages('r:marks', 9), { shard, participants: rows(5, 2) }))
    const marks = async () => {
      const { found } = await history.activate(shard, ['r:marks'], Number.MAX_SAFE_INTEGER)
      return [found[0]?.participants[0]?.delivered, found[0]?.participants[0]?.read]
    }
    const mark = (user: string, delivered: number, read: number) => ({ conversation: 'r:marks', user, delivered, read })
    await history.mark([mark('ann', 4, 3), mark('ann', 7, 1), mark('nobody', 9, 9)])
    t.same(await marks(), [7, 3])
    await history.archive(batchOf([], { shard, fromStream: 's1', from: 10, to: 20, participants: rows(6, 6) }))
    t.same(await marks(), [7, 6])
    await history.mark([])
    t.same(await marks(), [7, 6])
  })

  test('a page is the newest or the oldest of a range, rising', async (t, history, shard) => {
    await history.archive(batchOf(messages('r:page', 20), { shard }))
    t.same(seqs(await history.page(pageOf('r:page', { limit: 3 }))), [18, 19, 20])
    t.same(seqs(await history.page(pageOf('r:page', { limit: 3, newest: false }))), [1, 2, 3])
    t.same(seqs(await history.page(pageOf('r:page', { from: 5, to: 8 }))), [5, 6, 7, 8])
    t.same(seqs(await history.page(pageOf('r:page', { from: 5, to: 8, limit: 2 }))), [7, 8])
    t.same(await history.page(pageOf('r:page', { from: 21, to: 30 })), [])
    t.same(await history.page(pageOf('r:page', { from: 8, to: 5 })), [])
    t.same(await history.page(pageOf('r:nothing')), [])
  })

  test('a page by type has messages of those types only', async (t, history, shard) => {
    const typed = [MESSAGE_TYPE.text, MESSAGE_TYPE.image, MESSAGE_TYPE.file, MESSAGE_TYPE.image]
    const entries = typed.map((type, i) => message('r:types', i + 1, { type }))
    const change = message('r:types', 5, {
      kind: ENTRY_KIND.joined,
      type: 0,
      id: '',
      extra: '{"participants":{"bob":"member"}}',
    })
    await history.archive(batchOf([...entries, change], { shard }))
    t.same(seqs(await history.page(pageOf('r:types', { types: [MESSAGE_TYPE.image] }))), [2, 4])
    t.same(seqs(await history.page(pageOf('r:types', { types: [1, 5], newest: false, limit: 2 }))), [1, 3])
    t.same(seqs(await history.page(pageOf('r:types'))), [1, 2, 3, 4, 5])
  })

  test('pages and ids cross the turn of a month and of a year', async (t, history, shard) => {
    const days = [
      Date.UTC(2025, 11, 31, 23),
      Date.UTC(2026, 0, 1),
      Date.UTC(2026, 0, 31),
      Date.UTC(2026, 1, 1),
      Date.UTC(2027, 5, 1),
    ]
    const entries = days.map((time, i) => message('r:months', i + 1, { time }))
    t.match(await history.archive(batchOf(entries, { shard })), { outcome: 'archived', quarantined: 0 })
    t.same(plain(await history.page(pageOf('r:months'))), plain(entries))
    for (const { id, seq, time } of entries) {
      t.same(await history.findId('r:months', 'ann', id), { sender: 'ann', id, seq, epoch: 0, time })
    }
  })

  test('an id is found by its conversation and sender, else not', async (t, history, shard) => {
    const entry = message('r:find', 1, { id: idOf(77) })
    await history.archive(batchOf([entry], { shard, epoch: 3, conversations: [conversationAt(entry, { epoch: 3 })] }))
    t.same(await history.findId('r:find', 'ann', idOf(77)), {
      sender: 'ann',
      id: idOf(77),
      seq: 1,
      epoch: 3,
      time: entry.time,
    })
    t.equal(await history.findId('r:find', 'bob', idOf(77)), null)
    t.equal(await history.findId('r:other', 'ann', idOf(77)), null)
    t.equal(await history.findId('r:find', 'ann', idOf(78)), null)
  })

  test('of a seq that two epochs know a page has the newer', async (t, history, shard) => {
    const [lost, kept] = [message('r:epochs', 2), message('r:epochs', 2, { time: DAY + 9000, id: idOf(9) })]
    await history.archive(batchOf([message('r:epochs', 1), lost, message('r:epochs', 3)], { shard }))
    await history.archive(
      batchOf([kept], {
        shard,
        fromStream: 's1',
        from: 10,
        stream: 's2',
        to: 1,
        epoch: 1,
        conversations: [conversationAt(kept, { epoch: 1 })],
      }),
    )
    t.same(plain(await history.page(pageOf('r:epochs', { to: 2 }))), plain([message('r:epochs', 1), kept]))
  })

  test('what a sender wrote is stored as it was', async (t, history, shard) => {
    const hostile: Partial<Entry>[] = [
      { content: new Uint8Array([0, 0xff, 0xfe, 0xc3, 0x28, 0]), extra: '{"a":"\\u0000"}' },
      { content: new Uint8Array(0), extra: 'a\0b' },
      { content: new TextEncoder().encode(`'); DROP TABLE messages; --\\x00{"`), extra: `{"'":"\\\\"}` },
      { content: Uint8Array.from({ length: 65_536 }, (_, i) => i & 0xff), extra: '' },
      { sender: `o'neil"`, device: '{NULL,"}', extra: '🪶\u2028', priority: 9, ttl: 315_360_000 },
      { kind: 200, type: 0, id: '', content: new Uint8Array([0x92, 1]), sender: '', device: '' },
    ]
    const entries = hostile.map((changes, i) => message(`r:it's "{\\}`, i + 1, changes))
    t.match(await history.archive(batchOf(entries, { shard })), { outcome: 'archived', quarantined: 0 })
    t.same(plain(await history.page(pageOf(`r:it's "{\\}`))), plain(entries))
    t.equal((await history.activate(shard, [`r:it's "{\\}`], 0)).found.length, 1)
  })

  test('any entries come back as they were', async (t, history, shard) => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,64}$/)
    const drawn = fc.record({
      ordinal: fc.nat(),
      sender: name,
      device: name,
      id: fc.oneof(
        fc.constant(''),
        fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('latin1')),
      ),
      kind: fc.integer({ min: 1, max: 127 }),
      type: fc.integer({ min: 0, max: 127 }),
      content: fc.uint8Array({ maxLength: 300 }),
      extra: fc.oneof(fc.constant(null), fc.string({ unit: 'binary' })),
      priority: fc.integer({ min: 0, max: 9 }),
      ttl: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    })
    let round = 0
    await fc.assert(
      fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 30 }), async (changes) => {
        const conversation = `r:any-${String(++round)}`
        const entries = changes.map((change, i) => message(conversation, i + 1, change))
        const fromStream = round === 1 ? '' : 's1'
        await history.archive(batchOf(entries, { shard, fromStream, from: round - 1, to: round }))
        t.same(plain(await history.page(pageOf(conversation))), plain(entries))
      }),
      { numRuns: 25 },
    )
  })
}
