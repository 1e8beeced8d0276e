/** Pages: visibility, limits, and that it does not matter what memory holds and what only history has. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { decodeEntry } from '../../protocol/entry-codec.js'
import type { Entry } from '../../protocol/entry.js'
import { LIMITS } from '../../protocol/limits.js'
import { VirtualClock } from '../clock-virtual.js'
import type { History } from '../history.js'
import { MemoryHistoryStore } from '../history-memory.js'
import { KeptEntries } from '../kept-entries.js'
import { readPage } from '../page-reader.js'
import type { PageContent, PageRequest } from '../page-reader.js'
import { seededRandom } from '../random.js'
import { GROUP, batchOf, keptEntry, messageEntry } from './entry-fixture.js'

const request = (fields: Partial<PageRequest>): PageRequest => ({
  conversation: GROUP,
  spans: [1],
  from: 1,
  to: 1000,
  limit: 10,
  newest: false,
  types: [],
  head: 0,
  ...fields,
})

/** Memory has the entries from `first` on, history those up to `archived`. */
async function split(entries: readonly Entry[], first: number, archived: number): Promise<[History, KeptEntries]> {
  const store = new MemoryHistoryStore({ clock: new VirtualClock(), random: seededRandom(1) })
  const history = store.history('n')
  await history.archive(batchOf(entries.filter(({ seq }) => seq <= archived)))
  const kept = new KeptEntries()
  for (const entry of entries) if (entry.seq >= first) kept.add(keptEntry(entry))
  return [history, kept]
}

const messages = (count: number, fields: (seq: number) => Partial<Entry> = () => ({})): Entry[] =>
  Array.from({ length: count }, (_, i) => messageEntry(i + 1, fields(i + 1)))

const shown = ({ items, more }: PageContent) => ({ seqs: items.map(({ entry }) => decodeEntry(entry).seq), more })
const isPromise = (page: PageContent | Promise<PageContent>): boolean => page instanceof Promise

t.test('page-reader: what memory holds is answered at once', async (t) => {
  const [history, kept] = await split(messages(30), 1, 30)
  const page = readPage(history, kept, request({ from: 5, to: 30, limit: 3 }))
  t.notOk(isPromise(page))
  t.same(shown(await page), { seqs: [5, 6, 7], more: true })
})

t.test('page-reader: the newest page is answered at once although older entries are not in memory', async (t) => {
  const [history, kept] = await split(messages(30), 20, 30)
  const page = readPage(history, kept, request({ to: 30, limit: 5, newest: true }))
  t.notOk(isPromise(page))
  t.same(shown(await page), { seqs: [26, 27, 28, 29, 30], more: true })
})

t.test('page-reader: what memory lacks is read from history', async (t) => {
  const [history, kept] = await split(messages(30), 20, 25)
  t.same(shown(await readPage(history, kept, request({ from: 18, to: 30, limit: 5 }))), {
    seqs: [18, 19, 20, 21, 22],
    more: true,
  })
  t.same(shown(await readPage(history, kept, request({ from: 18, to: 30, limit: 50 }))).seqs.length, 13)
})

t.test(
  'page-reader: what was read up to the newest is kept, and the same page comes from memory the next time',
  async (t) => {
    const [history] = await split(messages(30), 31, 30)
    const kept = new KeptEntries()
    const missed = request({ from: 21, to: 30, limit: 20, head: 30 })
    const first = readPage(history, kept, missed)
    t.ok(isPromise(first))
    const { seqs } = shown(await first)
    const second = readPage(history, kept, missed)
    t.notOk(isPromise(second))
    t.same(shown(await second).seqs, seqs)
    t.notOk(kept.unarchived)
  },
)

t.test('page-reader: nothing visible is an empty page without more', async (t) => {
  const [history, kept] = await split(messages(10), 1, 10)
  t.same(await readPage(history, kept, request({ spans: [] })), { items: [], more: false })
  t.same(await readPage(history, kept, request({ spans: [2, 4], from: 5 })), { items: [], more: false })
  t.same(await readPage(history, kept, request({ from: 9, to: 8 })), { items: [], more: false })
})

t.test('page-reader: a limit of nothing says only whether there is something', async (t) => {
  const [history, kept] = await split(messages(10), 1, 10)
  t.same(await readPage(history, kept, request({ limit: 0, to: 10 })), { items: [], more: true })
})

t.test('page-reader: each item names the visible seq before it', async (t) => {
  const [history, kept] = await split(messages(12), 1, 12)
  const { items } = await readPage(history, kept, request({ spans: [2, 4, 9], to: 12 }))
  t.same(
    items.map(({ prev }) => prev),
    [0, 2, 3, 4, 9, 10, 11],
  )
})

t.test('page-reader: a page ends before its bytes do, but never without an entry', async (t) => {
  const content = new Uint8Array(LIMITS.contentBytes)
  const [history, kept] = await split(
    messages(6, () => ({ content })),
    1,
    6,
  )
  t.same(shown(await readPage(history, kept, request({ to: 6 }))), { seqs: [1, 2, 3], more: true })
  t.same(shown(await readPage(history, kept, request({ to: 6, newest: true }))), { seqs: [4, 5, 6], more: true })
  const huge = { content: new Uint8Array(2 * LIMITS.pageBytes) }
  const [none, one] = await split(
    messages(2, () => huge),
    1,
    0,
  )
  t.same(shown(await readPage(none, one, request({ to: 2 }))), { seqs: [1], more: true })
})

t.test('page-reader: history that is away rejects the page', async (t) => {
  const store = new MemoryHistoryStore({ clock: new VirtualClock(), random: seededRandom(1) })
  store.outage = true
  await t.rejects(async () => readPage(store.history('n'), new KeptEntries(), request({ to: 5 })))
})

// ── any split ───────────────────────────────────────────────────────────────────────────────────────────────────────

const HIGHEST = 40
const seq = fc.integer({ min: 1, max: HIGHEST })
const spans = fc.uniqueArray(seq, { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b))
const sizes = fc.array(fc.constantFrom(10, 10, 10, 60_000), { minLength: HIGHEST, maxLength: HIGHEST })
const asked = fc.record({
  spans,
  from: seq,
  to: seq,
  limit: fc.nat(12),
  newest: fc.boolean(),
  types: fc.subarray([1, 2, 3], { maxLength: 2 }),
})

t.test('page-reader: any split between memory and history gives the same page', async () => {
  await fc.assert(
    fc.asyncProperty(asked, seq, seq, sizes, async (fields, a, b, bytes) => {
      const entries = messages(HIGHEST, (n) => ({ type: 1 + (n % 3), content: new Uint8Array(bytes[n - 1] ?? 0) }))
      const whole = await split(entries, 1, 0)
      const parted = await split(entries, Math.min(a, b) + 1, Math.max(a, b))
      const wanted = await readPage(...whole, request(fields))
      assert.deepEqual(await readPage(...parted, request(fields)), wanted)
      // and that page is right: visible, of the wanted types, from the wanted end
      const visible = entries.filter(({ seq, type }) => isVisible(fields, seq) && isWanted(fields.types, type))
      const { seqs } = shown(wanted)
      const ordered = visible.map((entry) => entry.seq)
      assert.deepEqual(
        seqs,
        fields.newest ? ordered.slice(ordered.length - seqs.length) : ordered.slice(0, seqs.length),
      )
      if (fields.limit > 0) assert.equal(wanted.more, seqs.length < ordered.length)
    }),
    { numRuns: 100 },
  )
})

const isWanted = (types: readonly number[], type: number): boolean => types.length === 0 || types.includes(type)

function isVisible({ spans, from, to }: Pick<PageRequest, 'spans' | 'from' | 'to'>, seq: number): boolean {
  // an odd number of ends at or before a seq: an interval is open there; the end itself still belongs to it
  const ends = spans.filter((end) => end <= seq).length
  return seq >= from && seq <= to && (ends % 2 === 1 || (ends > 0 && spans[ends - 1] === seq))
}
