/**
 * What every version of the journal keeps to. The versions' own tests call this with a world: journals as different nodes would
 * hold them, on one store that starts empty.
 */
import type { Test } from 'tap'
import type { AppendOutcome, Journal, ShardRange } from '../journal.js'

export interface JournalWorld {
  /** Another client of the same store. */
  journal(): Promise<Journal>
  /** Ends the store without warning and starts it again on what it kept; resolves when the journals reach it. */
  crash?(): Promise<void>
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (record: Uint8Array | null): string => new TextDecoder().decode(record ?? new Uint8Array())

export function journalConformance(t: Test, makeWorld: () => Promise<JournalWorld>): void {
  const test = (name: string, body: (t: Test, world: JournalWorld) => Promise<void>) =>
    t.test(`journal: ${name}`, async (t) => {
      const world = await makeWorld()
      t.teardown(() => world.close())
      await body(t, world)
    })

  test('an empty shard has number 0 and no record', async (t, world) => {
    const journal = await world.journal()
    const tail = await journal.tail(3)
    t.match(tail, { seq: 0, record: null })
    t.not(tail.stream, '')
    t.same(await (await world.journal()).tail(3), tail)
  })

  test('the tail is the newest record, on every client', async (t, world) => {
    const [one, two] = [await world.journal(), await world.journal()]
    await chain(one, 1, ['a', 'b'])
    const newest = await chain(one, 2, ['c'])
    const tail = await two.tail(2)
    t.equal(text(tail.record), 'c')
    t.equal(tail.seq, newest)
    t.equal(text((await two.tail(1)).record), 'b')
  })

  test('of six writers that expect the same number exactly one is stored', async (t, world) => {
    const writers = await Promise.all(Array.from({ length: 6 }, () => world.journal()))
    let expected = 0
    for (let round = 0; round < 15; round++) {
      const outcomes = await Promise.all(
        writers.map((writer, i) => append(writer, 5, expected, bytes(`${round} ${i}`))),
      )
      const winners = outcomes.filter((outcome) => outcome.outcome === 'stored')
      t.equal(winners.length, 1, `winners of round ${round}`)
      t.equal(outcomes.filter((outcome) => outcome.outcome === 'refused').length, 5)
      expected = numberOf(outcomes[outcomes.findIndex((outcome) => outcome.outcome === 'stored')])
    }
    t.equal((await records(await world.journal(), [all(5, expected)])).length, 15)
  })

  test('a stale owner is refused, and what it wrote is nowhere', async (t, world) => {
    const [old, fresh] = [await world.journal(), await world.journal()]
    const first = await chain(old, 0, ['first'])
    const second = numberOf(await append(fresh, 0, first, bytes('taken')))
    t.match(await append(old, 0, first, bytes('stale')), { outcome: 'refused' })
    t.match(await append(old, 0, 0, bytes('stale')), { outcome: 'refused' })
    t.same(await records(fresh, [all(0, second)]), [
      [0, first, 'first'],
      [0, second, 'taken'],
    ])
  })

  test('the identical append again is refused, and the record can be read at its number', async (t, world) => {
    const journal = await world.journal()
    const first = await chain(journal, 0, ['first'])
    const stored = numberOf(await append(journal, 0, first, bytes('twice')))
    t.match(await journal.append(0, first, bytes('twice')), { outcome: 'refused' })
    t.same(await records(journal, [{ shard: 0, after: first, upTo: stored }]), [[0, stored, 'twice']])
  })

  test('ranges of several shards are read in rising order, without what is outside', async (t, world) => {
    const journal = await world.journal()
    const numbers: Record<number, number[]> = { 0: [], 1: [], 2: [] }
    for (let i = 0; i < 30; i++) {
      const mine = numbers[i % 3] as number[]
      mine.push(numberOf(await append(journal, i % 3, mine.at(-1) ?? 0, bytes(`r${i}`))))
    }
    const [zero, one] = [numbers[0] as number[], numbers[1] as number[]]
    const got = await records(journal, [
      { shard: 0, after: zero[2] as number, upTo: zero[7] as number },
      { shard: 1, after: 0, upTo: one[4] as number },
      { shard: 7, after: 0, upTo: Number.MAX_SAFE_INTEGER },
    ])
    const of = (shard: number) => got.filter(([at]) => at === shard)
    t.same(of(0).map(([, seq]) => seq), zero.slice(3, 8)) // prettier-ignore
    t.same(of(1).map(([, seq, record]) => [seq, record]), one.slice(0, 5).map((seq, i) => [seq, `r${3 * i + 1}`])) // prettier-ignore
    t.equal(got.length, 10)
  })

  test('an empty range and no range at all are read at once', async (t, world) => {
    const journal = await world.journal()
    const newest = await chain(journal, 0, ['a'])
    t.same(await records(journal, []), [])
    t.same(await records(journal, [{ shard: 0, after: newest, upTo: newest }]), [])
    t.same(await records(journal, [{ shard: 0, after: newest, upTo: newest + 1000 }]), [])
  })

  test('purging keeps the newest record and with it the fence', async (t, world) => {
    const journal = await world.journal()
    const other = await chain(journal, 1, ['untouched'])
    const newest = await chain(journal, 0, ['a', 'b', 'c'])
    await journal.purge(0, newest)
    t.same(await records(journal, [all(0, newest)]), [[0, newest, 'c']])
    t.same(await records(journal, [all(1, other)]), [[1, other, 'untouched']])
    t.match(await append(journal, 0, 0, bytes('from nothing')), { outcome: 'refused' })
    t.match(await append(journal, 0, newest, bytes('d')), { outcome: 'stored' })
  })

  test('a record of 512 KiB comes back byte for byte', async (t, world) => {
    const journal = await world.journal()
    const record = Uint8Array.from({ length: 512 * 1024 }, (_, i) => (i * 31) % 251)
    const seq = numberOf(await append(journal, 6, 0, record))
    t.ok(Buffer.compare((await journal.tail(6)).record as Uint8Array, record) === 0, 'tail')
    let read: Uint8Array | undefined
    await journal.read([all(6, seq)], (_shard, _seq, found) => (read = found))
    t.ok(read && Buffer.compare(read, record) === 0, 'read')
  })

  test('thousands of records are read completely', async (t, world) => {
    const journal = await world.journal()
    const newest = await Promise.all([0, 1, 2, 3].map((shard) => chain(journal, shard, Array(600).fill('x'))))
    const got = await records(journal, newest.map((upTo, shard) => all(shard, upTo))) // prettier-ignore
    t.equal(got.length, 2400)
  })

  test('stored records and the fence survive a crash of the store', async (t, world) => {
    if (!world.crash) return void t.pass('this version has no store of its own to crash')
    const journal = await world.journal()
    const newest = await chain(journal, 0, ['a', 'b', 'c'])
    const before = await journal.tail(0)
    await world.crash()
    t.same(await journal.tail(0), before)
    t.equal((await records(journal, [all(0, newest)])).length, 3)
    t.match(await append(journal, 0, 0, bytes('from nothing')), { outcome: 'refused' })
    t.match(await append(journal, 0, newest, bytes('d')), { outcome: 'stored' })
  })
}

const all = (shard: number, upTo: number): ShardRange => ({ shard, after: 0, upTo })

function numberOf(outcome: AppendOutcome | undefined): number {
  if (outcome?.outcome !== 'stored') throw new Error(`not stored: ${JSON.stringify(outcome)}`)
  return outcome.seq
}

const REPEATS = 100

/** As a writer does it: what is in doubt is repeated until it is decided, and what is refused after a doubt may be stored. */
async function append(journal: Journal, shard: number, expected: number, record: Uint8Array): Promise<AppendOutcome> {
  let outcome = await journal.append(shard, expected, record)
  for (let doubts = 0; outcome.outcome === 'unknown' || outcome.outcome === 'unavailable'; doubts++) {
    if (doubts === REPEATS) throw new Error(`not decided: ${outcome.reason}`)
    outcome = await journal.append(shard, expected, record)
    if (outcome.outcome !== 'refused') continue
    const [next] = await records(journal, [{ shard, after: expected, upTo: (await journal.tail(shard)).seq }])
    if (next?.[2] === text(record)) outcome = { outcome: 'stored', seq: next[1] }
  }
  return outcome
}

/** Appends one after the other to a shard; answers the last number. */
async function chain(journal: Journal, shard: number, texts: readonly string[]): Promise<number> {
  let { seq } = await journal.tail(shard)
  for (const one of texts) seq = numberOf(await append(journal, shard, seq, bytes(one)))
  return seq
}

async function records(journal: Journal, ranges: readonly ShardRange[]): Promise<[number, number, string][]> {
  const got: [number, number, string][] = []
  await journal.read(ranges, (shard, seq, record) => void got.push([shard, seq, text(record)]))
  return got
}
