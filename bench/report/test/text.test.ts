import t from 'tap'
import { reportObject, reportText } from '../text.js'
import { measurement, reportOf } from './example.js'

t.test('report: an object says how far a mark was reached', async (t) => {
  t.same(reportObject(measurement(5, { at: 'most', value: 10 })), {
    ...{ suite: 'direct', system: 'rookery', metric: 'latency', value: 5, unit: 'ms' },
    ...{ mark: 10, ratio: 0.5, met: true },
  })
  t.match(reportObject(measurement(5, { at: 'least', value: 10 })), { ratio: 0.5, met: false })
  t.match(reportObject(measurement(0, { at: 'most', value: 0 })), { ratio: 1, met: true })
  t.notOk('mark' in reportObject(measurement(5)))
})

t.test('report: the text has machine, versions, method, what is missing and what failed', async (t) => {
  const text = reportText(reportOf([measurement(1)]))
  t.match(text, /a CPU, 2 cores, 24 GiB, linux, Node v20, load average at the start 0\.1/)
  t.match(text, 'node v20, uws 20.0.8')
  t.match(text, 'measured so')
  t.match(text, 'mosquitto is not installed: apt-get install mosquitto')
  t.match(text, 'room FAILED: no room')
})

t.test('report: the text has a column for each system and the verdict on a mark', async (t) => {
  const text = reportText(
    reportOf([measurement(11, { at: 'most', value: 10 }), measurement(12_345.6, undefined, 'ws')]),
  )
  t.match(text, /rookery +ws\n/)
  t.match(text, /latency +11 +12,346 {2}ms {2}\(mark: at most 10, missed\)/)
})
