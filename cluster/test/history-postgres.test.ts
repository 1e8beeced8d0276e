/**
 * History in Postgres, on a real server: what every history keeps to, and what is Postgres' own: refused rows, lost months,
 * locks, a server killed in the middle of a batch.
 */
import path from 'node:path'
import { decode } from '@msgpack/msgpack'
import t from 'tap'
import {
  batchOf,
  conversationAt,
  DAY,
  historyConformance,
  idOf,
  message,
  pageOf,
  participant,
} from '../../actors/test/history-conformance.js'
import type { ArchiveBatch } from '../../actors/history.js'
import { silent } from '../../actors/logger.js'
import { PLANNING } from '../history-postgres.js'
import { ACTIVATE, FIND_ID, MARK, PAGE_NEWEST, PAGE_OLDEST } from '../history-rows.js'
import { PostgresWorld } from './postgres-world.js'

const world = await PostgresWorld.start()
t.teardown(() => world.close())

const shared = await world.database()
t.test('conformance', (t) => {
  historyConformance(t, { history: () => world.history(shared), close: () => Promise.resolve() })
  t.end()
})

t.test('history-postgres: a row that Postgres refuses goes to quarantine and the rest goes on', async (t) => {
  const url = await world.database()
  const alarms: object[] = []
  const history = await world.history(url, { ...silent, error: (fields) => alarms.push(fields) })
  const good = Array.from({ length: 40 }, (_, i) => message('r:mixed', i + 1))
  const bad = [
    message('r:mixed', 41, { sender: 'a\0b' }),
    message('r:mixed', 42, { type: 70_000 }),
    message('r:mixed', 43, { id: 'short' }),
    message('r:mixed', 44, { time: -5 }),
    message('r:mixed', 45, { seq: NaN }),
  ]
  const stranger = { conversation: 'r:mixed', participant: participant('x\0y') }
  const friend = { conversation: 'r:mixed', participant: participant('ann') }
  const entries = [
    ...good.slice(0, 7),
    bad[0],
    ...good.slice(7),
    ...bad.slice(1),
    message('r:mixed', 46),
  ] as typeof good
  const batch = batchOf(entries, { participants: [stranger, friend] })
  t.same(await history.archive(batch), { outcome: 'archived', quarantined: 6 })
  t.equal((await history.page(pageOf('r:mixed'))).length, 41)
  t.match(await history.activate(0, ['r:mixed'], 0), {
    position: { seq: 10 },
    found: [{ state: { head: 46 }, participants: [{ user: 'ann' }] }],
  })
  const rows = await world.query<{ what: string; shard: number; seq: string; reason: string; body: Buffer }>(
    url,
    'SELECT * FROM quarantine ORDER BY id',
  )
  t.same(
    rows.map(({ what }) => what),
    ['entry', 'entry', 'entry', 'entry', 'entry', 'participant'],
  )
  t.match(rows[0], { shard: 0, seq: '10', reason: /invalid byte sequence/ })
  t.match(decode(rows[0]?.body as Buffer), { seq: 41, sender: 'a\0b', conversation: 'r:mixed' })
  t.match(alarms, [{ shard: 0, rows: 6 }])
})

t.test('history-postgres: a title with NUL is stored without it', async (t) => {
  const history = await world.history(await world.database())
  const last = message('r:title', 1)
  const conversations = [conversationAt(last, { title: 'a\0b' })]
  t.match(await history.archive(batchOf([last], { conversations })), { quarantined: 0 })
  t.match((await history.activate(0, ['r:title'], 0)).found, [{ state: { title: 'a\ufffdb' } }])
})

t.test('history-postgres: months are made ahead, dropped by age, and made again for a late entry', async (t) => {
  const url = await world.database()
  const history = await world.history(url)
  const old = message('r:months', 1, { time: Date.UTC(2024, 0, 31, 23, 59, 59, 999) })
  await history.archive(batchOf([old]))
  const names = async () =>
    (
      await world.query<{ name: string }>(
        url,
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'messages'::regclass ORDER BY 1`,
      )
    ).map(({ name }) => name)
  t.same((await names()).slice(0, 3), ['messages_2024_01', 'messages_2024_02', 'messages_2024_03'])
  t.equal((await names()).length, 6)
  t.same(await history.partitions.dropBefore(Date.UTC(2024, 1, 1)), ['messages_2024_01'])
  t.same(await history.page(pageOf('r:months')), [])
  t.same(await history.partitions.dropBefore(Date.UTC(2024, 1, 1)), [])
  await world.query(url, 'ALTER TABLE messages DETACH PARTITION messages_2024_02')
  const late = [
    message('r:months', 2, { time: Date.UTC(2024, 0, 5) }),
    message('r:months', 3, { time: Date.UTC(2024, 1, 5) }),
  ]
  const outcome = await history.archive(batchOf(late, { fromStream: 's1', from: 10, to: 20 }))
  t.same(outcome, { outcome: 'archived', quarantined: 0 })
  t.equal((await history.page(pageOf('r:months'))).length, 2)
})

t.test('history-postgres: another node dropping a month does not cost an entry', async (t) => {
  const url = await world.database()
  const [history, other] = [await world.history(url), await world.history(url)]
  await history.archive(batchOf([message('r:dropped', 1, { time: Date.UTC(2024, 0, 5) })]))
  await other.partitions.dropBefore(Date.UTC(2024, 1, 1))
  const late = message('r:dropped', 2, { time: Date.UTC(2024, 0, 6) })
  t.same(await history.archive(batchOf([late], { fromStream: 's1', from: 10, to: 20 })), {
    outcome: 'archived',
    quarantined: 0,
  })
  t.equal((await history.page(pageOf('r:dropped'))).length, 1)
})

t.test('history-postgres: a locked row ends as unknown, not as a wait', async (t) => {
  const url = await world.database()
  const history = await world.history(url)
  await world.withClient(url, async (client) => {
    await client.query('BEGIN; SELECT FROM shards WHERE shard = 0 FOR UPDATE')
    t.match(await history.archive(batchOf([message('r:locked', 1)])), { outcome: 'unknown', reason: /lock timeout/ })
    await client.query('ROLLBACK')
  })
  t.match(await history.archive(batchOf([message('r:locked', 1)])), { outcome: 'archived' })
})

t.test('history-postgres: users and conversations carry the hash that places them', async (t) => {
  const url = await world.database()
  const history = await world.history(url)
  await history.archive(batchOf([message('u:ann', 1), message('r:hash', 1)]))
  const users = await world.query(
    url,
    'SELECT u.id, u.hash = c.hash AS same FROM users u JOIN conversations c ON c.kind = $$user$$',
  )
  t.same(users, [{ id: 'ann', same: true }])
})

t.test('history-postgres: pages and ids go by index in the order asked, from the first day on', async (t) => {
  const url = await world.database()
  const history = await world.history(url)
  const plan = (sql: string) =>
    world.withClient(`${url}?options=${encodeURIComponent(PLANNING)}`, async (client) =>
      JSON.stringify((await client.query(`EXPLAIN (GENERIC_PLAN) ${sql}`)).rows),
    )
  const check = async () => {
    for (const sql of [PAGE_NEWEST.text, PAGE_OLDEST.text, FIND_ID, MARK, ACTIVATE])
      t.notMatch(await plan(sql), /Seq Scan/)
    for (const { text } of [PAGE_NEWEST, PAGE_OLDEST]) t.match(await plan(text), /Presorted Key: messages.seq/)
  }
  await check()
  await history.archive(batchOf([message('r:plan', 1)]))
  await world.query(
    url,
    `INSERT INTO messages SELECT n, 0, n, ${String(DAY)} + n, gen_random_uuid(), 0, 1, 1, 1, 5,
       CASE WHEN n % 2 = 0 THEN 'r:hot' ELSE 'r:cold' || n END, 'ann', 'phone', '', NULL
     FROM generate_series(1, 20000) n; ANALYZE`,
  )
  await check()
  t.equal((await history.page(pageOf('r:hot', { limit: 50 }))).length, 50)
})

for (const synchronous of [true, false]) {
  const what = synchronous ? 'nothing archived is gone' : 'what is gone is gone with its position'
  t.test(`history-postgres: after a kill in the middle of a batch rows and position agree, and ${what}`, async (t) => {
    const url = await world.database()
    await world.query(url, `ALTER DATABASE ${path.basename(url)} SET synchronous_commit = ${String(synchronous)}`)
    const history = await world.history(url)
    const archived = await archiveUntil(history, 'r:kill', () => world.server.kill())
    await world.restart()
    const { position, found } = await history.activate(0, ['r:kill'], 0)
    t.equal((await history.page(pageOf('r:kill', { limit: 1e6 }))).length, position.seq * ROWS)
    t.equal(found[0]?.state.head ?? 0, position.seq * ROWS)
    t.ok(position.seq <= archived + 1, 'at most the batch under way is there without an answer')
    if (synchronous) t.ok(position.seq >= archived, 'every batch that was answered is there')
    await archiveUntil(history, 'r:kill', () => world.server.stop(), position.seq)
    await world.restart()
  })
}

t.test('history-postgres: away is a rejection or unknown, and it comes back by itself', async (t) => {
  const url = await world.database()
  const history = await world.history(url)
  await world.server.stop()
  t.match(await history.archive(batchOf([message('r:away', 1)])), { outcome: 'unknown' })
  await t.rejects(history.positions([0]))
  await t.rejects(history.page(pageOf('r:away')))
  await t.rejects(history.findId('r:away', 'ann', idOf(1)))
  await world.restart()
  t.match(await history.archive(batchOf([message('r:away', 1)])), { outcome: 'archived' })
})

const ROWS = 200

/** Archives batches one after the other, strikes while the fifth is under way, and answers how far they were said to be archived. */
async function archiveUntil(
  history: { archive(batch: ArchiveBatch): Promise<{ outcome: string }> },
  conversation: string,
  strike: () => Promise<void>,
  from = 0,
): Promise<number> {
  let struck: Promise<void> | undefined
  for (let to = from + 1; ; to++) {
    const entries = Array.from({ length: ROWS }, (_, i) => message(conversation, (to - 1) * ROWS + i + 1))
    const archiving = history.archive(batchOf(entries, { fromStream: to === 1 ? '' : 's1', from: to - 1, to }))
    if (to === from + 5) struck = new Promise((resolve) => setImmediate(resolve)).then(strike)
    const { outcome } = await archiving
    if (outcome === 'archived') continue
    await struck
    return to - 1
  }
}
