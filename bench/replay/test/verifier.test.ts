import fc from 'fast-check'
import t from 'tap'
import { isClean, type Findings } from '../findings.js'
import { TruthKeeper, type Truth } from '../truth.js'
import { verify } from '../verifier.js'
import type { Seen } from '../view.js'

const EPOCH = 7
const hashOf = (seq: number) => BigInt(seq) * 1_000_003n

function truthOf(head: number): Truth {
  const keeper = new TruthKeeper('g:1')
  for (let seq = 1; seq <= head; seq++) keeper.add({ epoch: EPOCH, seq, hash: hashOf(seq), sentAt: 0, isMessage: true })
  return keeper.truth()
}

const row = (seq: number, change: Partial<Seen> = {}): Seen => ({
  ...{ epoch: EPOCH, seq, hash: hashOf(seq), arrival: 0 },
  ...change,
})
const rowsFrom = (from: number, head: number) => Array.from({ length: head - from + 1 }, (_, at) => row(from + at))
const judge = (rows: Seen[], from = 1, head = 10) => verify(truthOf(head), { by: 'ann', from, isWhole: false, rows })
const counts = ({ lost, duplicated, outOfOrder }: Findings) => ({ lost, duplicated, outOfOrder })

t.test('verifier: a device that saw everything in order is clean', async (t) => {
  t.same(judge(rowsFrom(1, 10)), { lost: 0, duplicated: 0, outOfOrder: 0, texts: [] })
})

t.test('verifier: a device owes nothing from before it joined', async (t) => {
  t.ok(isClean(judge(rowsFrom(4, 10), 4)))
})

t.test('verifier: an entry that was never seen is lost, in the middle and at either end', async (t) => {
  for (const missing of [4, 7, 10]) {
    const findings = judge(
      rowsFrom(4, 10).filter(({ seq }) => seq !== missing),
      4,
    )
    t.same(counts(findings), { lost: 1, duplicated: 0, outOfOrder: 0 })
    t.match(findings.texts, [`ann, g:1 seq ${missing}: acked, never seen`])
  }
})

t.test('verifier: a device that saw nothing lost everything', async (t) => {
  t.equal(judge([]).lost, 10)
})

t.test('verifier: an entry seen twice is duplicated', async (t) => {
  t.same(counts(judge([...rowsFrom(1, 10), row(10)])), { lost: 0, duplicated: 1, outOfOrder: 0 })
  t.same(counts(judge([row(1), row(1), ...rowsFrom(2, 10)])), { lost: 0, duplicated: 1, outOfOrder: 0 })
})

t.test('verifier: the same message stored at a second seq is duplicated', async (t) => {
  t.same(counts(judge([...rowsFrom(1, 10), row(11, { hash: hashOf(3) })])), { lost: 0, duplicated: 1, outOfOrder: 0 })
})

t.test('verifier: a falling seq is out of order', async (t) => {
  t.same(counts(judge([row(1), row(3), row(2), ...rowsFrom(4, 10)])), { lost: 0, duplicated: 0, outOfOrder: 1 })
})

t.test('verifier: swapped contents are out of order', async (t) => {
  const rows = rowsFrom(1, 10)
  rows[2] = row(3, { hash: hashOf(4) })
  rows[3] = row(4, { hash: hashOf(3) })
  t.equal(judge(rows).outOfOrder, 2)
})

t.test('verifier: changed content is out of order', async (t) => {
  t.equal(judge([...rowsFrom(1, 9), row(10, { hash: 5n })]).outOfOrder, 1)
})

t.test('verifier: an entry nobody was acked for is out of order', async (t) => {
  t.equal(judge([...rowsFrom(1, 10), row(11)]).outOfOrder, 1)
})

t.test('verifier: an entry from before the device joined is out of order', async (t) => {
  t.equal(judge(rowsFrom(3, 10), 4).outOfOrder, 1)
})

t.test('verifier: an entry in another epoch is out of order', async (t) => {
  t.equal(judge([...rowsFrom(1, 9), row(10, { epoch: EPOCH + 1 })]).outOfOrder, 1)
})

/** `joins` joins, then ten messages. */
function crowded(joins: number): Truth {
  const keeper = new TruthKeeper('g:1')
  for (let seq = 1; seq <= joins + 10; seq++) {
    keeper.add({ epoch: EPOCH, seq, hash: hashOf(seq), sentAt: 0, isMessage: seq > joins })
  }
  return keeper.truth()
}

t.test('verifier: a join that a device is not told of is lost, but not in a large conversation', async (t) => {
  const judged = (joins: number, isWhole: boolean) =>
    verify(crowded(joins), { by: 'ann', from: 1, isWhole, rows: rowsFrom(2, joins + 10) }).lost
  t.equal(judged(100, false), 1)
  t.equal(judged(101, false), 0)
  t.equal(judged(101, true), 1, 'history has it all the same')
})

t.test('verifier: a message is owed in a large conversation too', async (t) => {
  const rows = rowsFrom(1, 111).filter(({ seq }) => seq !== 105)
  t.equal(verify(crowded(101), { by: 'ann', from: 1, isWhole: false, rows }).lost, 1)
})

t.test('verifier: whatever is done to a clean view is found', async () => {
  const position = fc.nat({ max: 9 })
  fc.assert(
    fc.property(fc.constantFrom('drop', 'repeat', 'swap', 'corrupt'), position, position, (damage, at, other) => {
      fc.pre(damage !== 'swap' || at !== other)
      const rows = rowsFrom(1, 10)
      const [a, b] = [rows[at] as Seen, rows[other] as Seen]
      if (damage === 'drop') rows.splice(at, 1)
      if (damage === 'repeat') rows.splice(other, 0, a)
      if (damage === 'swap') [rows[at], rows[other]] = [b, a]
      if (damage === 'corrupt') rows[at] = { ...a, hash: a.hash ^ 1n }
      return !isClean(judge(rows))
    }),
  )
})

t.test('truth: the same ack again is harmless', async (t) => {
  const keeper = new TruthKeeper('g:1')
  const ack = { epoch: EPOCH, seq: 1, hash: 1n, sentAt: 0, isMessage: true }
  t.ok(isClean(keeper.add(ack)) && isClean(keeper.add(ack)))
})

t.test('truth: two entries acked at one seq are out of order', async (t) => {
  const keeper = new TruthKeeper('g:1')
  keeper.add({ epoch: EPOCH, seq: 1, hash: 1n, sentAt: 0, isMessage: true })
  t.equal(keeper.add({ epoch: EPOCH, seq: 1, hash: 2n, sentAt: 0, isMessage: true }).outOfOrder, 1)
})

t.test('truth: one message acked at two seqs is duplicated', async (t) => {
  const keeper = new TruthKeeper('g:1')
  keeper.add({ epoch: EPOCH, seq: 1, hash: 1n, sentAt: 0, isMessage: true })
  t.equal(keeper.add({ epoch: EPOCH, seq: 2, hash: 1n, sentAt: 0, isMessage: true }).duplicated, 1)
})

t.test('truth: an ack in another epoch is out of order', async (t) => {
  const keeper = new TruthKeeper('g:1')
  keeper.add({ epoch: EPOCH, seq: 1, hash: 1n, sentAt: 0, isMessage: true })
  t.equal(keeper.add({ epoch: EPOCH + 1, seq: 2, hash: 2n, sentAt: 0, isMessage: true }).outOfOrder, 1)
})
