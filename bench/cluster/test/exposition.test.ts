import t from 'tap'
import { sampleSum } from '../exposition.js'

const TEXT = `# HELP rookery_sessions Sessions
# TYPE rookery_sessions gauge
rookery_sessions{codec="json"} 3
rookery_sessions{codec="msgpack",worker="1"} 4e1
rookery_sessions_total 9
rookery_memory_bytes 1.5e+06
`

t.test('exposition: a metric is the sum of its samples', async (t) => {
  t.equal(sampleSum(TEXT, 'rookery_sessions'), 43)
  t.equal(sampleSum(TEXT, 'rookery_memory_bytes'), 1_500_000)
})

t.test('exposition: labels narrow the sum', async (t) => {
  t.equal(sampleSum(TEXT, 'rookery_sessions', { codec: 'msgpack' }), 40)
})

t.test('exposition: a metric that is not there is undefined', async (t) => {
  t.equal(sampleSum(TEXT, 'rookery_nothing'), undefined)
})
