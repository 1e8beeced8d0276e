import t from 'tap'
import { noFindings } from '../findings.js'
import { isGood, outcomeLines, outcomeObject, type Outcome } from '../outcome.js'

const NONE = { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }
const outcome = (change: Partial<Outcome> = {}): Outcome => ({
  ...{ findings: noFindings(), messages: 10, acked: 10, refused: 0, delivered: 40, conversations: 1, devices: 5 },
  ...{ ackSeconds: 1, seconds: 2, ack: NONE, delivery: NONE, strikes: [] },
  workers: { connects: 5, drops: 0, absences: 0, late: 0, unrecovered: 0 },
  ...change,
})

t.test('outcome: three zeros and everything acked is good', async (t) => {
  t.ok(isGood(outcome()))
  t.equal(outcomeLines(outcome(), {}).at(-1), 'lost 0, duplicated 0, out of order 0')
})

t.test('outcome: anything else is not', async (t) => {
  t.notOk(isGood(outcome({ findings: { ...noFindings(), lost: 1 } })))
  t.notOk(isGood(outcome({ findings: { ...noFindings(), duplicated: 1 } })))
  t.notOk(isGood(outcome({ findings: { ...noFindings(), outOfOrder: 1 } })))
  t.notOk(isGood(outcome({ acked: 9, refused: 1 })))
  t.notOk(isGood(outcome({ workers: { ...outcome().workers, late: 1 } })))
  t.notOk(isGood(outcome({ workers: { ...outcome().workers, unrecovered: 1 } })))
})

t.test('outcome: the first findings are told in words', async (t) => {
  const findings = { ...noFindings(), lost: 3, texts: ['ann, g:1 seq 4: acked, never seen'] }
  const lines = outcomeLines(outcome({ findings }), {})
  t.ok(lines.includes('! ann, g:1 seq 4: acked, never seen'))
  t.equal(lines.at(-1), 'lost 3, duplicated 0, out of order 0')
})

t.test('outcome: the object has the counts at its top', async (t) => {
  t.match(outcomeObject(outcome(), {}), { acked: 10, delivered: 40, lost: 0, duplicated: 0, outOfOrder: 0, seconds: 2 })
})
