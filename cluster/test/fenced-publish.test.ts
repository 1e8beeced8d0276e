/**
 * What answers of JetStream to a fenced publish mean, and when a stream or server is refused.
 */
import t from 'tap'
import { meaning } from '../fenced-publish.js'
import { refuseOldServer, streamDifferences } from '../jetstream-stream.js'

const failed = (err_code: number, description: string) => ({ error: { err_code, description } })

t.test('fenced-publish: only answers that exclude storing are unavailable or refused', (t) => {
  t.same(meaning({ seq: 7 }, 3), { outcome: 'stored', seq: 7 })
  t.match(meaning({}, 1), { outcome: 'unknown' })
  t.match(meaning(failed(10071, 'wrong last sequence: 9'), 1), { outcome: 'refused' })
  t.equal(meaning(failed(10164, 'wrong last sequence'), 3), 'under way')
  t.match(meaning(failed(10077, 'maximum bytes exceeded'), 3), { outcome: 'unavailable' })
  t.match(meaning(failed(10077, 'write: input/output error'), 1), { outcome: 'unknown' })
  t.match(meaning(failed(10047, 'insufficient storage resources available'), 1), { outcome: 'unavailable' })
  t.match(meaning(failed(10023, 'insufficient resources'), 3), { outcome: 'unknown' })
  t.match(meaning(failed(10008, 'system temporarily unavailable'), 3), { outcome: 'unknown' })
  t.end()
})

t.test('jetstream-stream: every field is compared, and fields that were not wanted must be empty', (t) => {
  const wanted = { name: 'S', subjects: ['a', 'b'], max_age: 0, max_bytes: -1, allow_direct: false }
  t.same(streamDifferences(wanted, { ...wanted, subjects: ['b', 'a'], consumer_limits: {}, metadata: { x: '1' } }), [])
  for (const field of ['max_age', 'max_bytes', 'allow_direct'] as const)
    t.match(streamDifferences(wanted, { ...wanted, [field]: 5 }), [new RegExp(`^${field} is 5`)])
  t.match(streamDifferences(wanted, { ...wanted, republish: { src: 'a' } }), [/^republish/])
  t.match(streamDifferences(wanted, { ...wanted, subjects: ['a'] }), [/^subjects/])
  t.end()
})

t.test('jetstream-stream: servers that do not fence replicated streams are refused', (t) => {
  for (const version of ['2.9.10', '2.12.6', '2.12', '']) t.throws(() => refuseOldServer(version, 3), /does not fence/)
  for (const version of ['2.12.7', '2.14.0', '3.0.0']) t.doesNotThrow(() => refuseOldServer(version, 3))
  t.doesNotThrow(() => refuseOldServer('2.9.10', 1))
  t.end()
})
