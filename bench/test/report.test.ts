import t from 'tap'
import { reportObject, reportText } from '../report.js'
import type { Measurement } from '../suite.js'

const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 24, system: 'linux', node: 'v20', load: 0.1 }
const measurement = (value: number, mark?: Measurement['mark']): Measurement => ({
  ...{ suite: 'smoke', system: 'rookery', metric: 'latency', value, unit: 'ms' },
  ...(mark === undefined ? {} : { mark }),
})

t.test('report: an object says how far a mark was reached', async (t) => {
  t.same(reportObject(measurement(5, { at: 'most', value: 10 })), {
    ...{ suite: 'smoke', system: 'rookery', metric: 'latency', value: 5, unit: 'ms' },
    ...{ mark: 10, ratio: 0.5, met: true },
  })
  t.match(reportObject(measurement(5, { at: 'least', value: 10 })), { ratio: 0.5, met: false })
  t.notOk('mark' in reportObject(measurement(5)))
})

t.test('report: the text has machine, method and every figure with its mark', async (t) => {
  const measurements = [measurement(12_345.6), measurement(11, { at: 'most', value: 10 })]
  const text = reportText('smoke', machine, { measurements, method: ['measured so'] })
  t.match(text, /a CPU, 2 cores, 24 GiB, linux, Node v20, load average at the start 0\.1/)
  t.match(text, /measured so/)
  t.match(text, /12,346 ms/)
  t.match(text, /11 ms {2}\(mark: at most 10, missed\)/)
})
