import t from 'tap'
import { reportHtml } from '../html.js'
import { measurement, reportOf } from './example.js'

t.test('page: it loads nothing from elsewhere', async (t) => {
  const page = reportHtml(reportOf([measurement(1)]))
  t.notMatch(page, /<script|<link|src=|url\(|https?:/)
})

t.test('page: what others wrote cannot become markup', async (t) => {
  const page = reportHtml(reportOf([{ ...measurement(1), metric: '<b>', system: '"&' }]))
  t.match(page, 'pairs &amp; &lt;friends&gt;')
  t.notMatch(page, '<b>')
})

t.test('page: marks come with their verdict, and a line of a plot with its values', async (t) => {
  const page = reportHtml(reportOf([measurement(11, { at: 'most', value: 10 })]))
  t.match(page, '<td>at most 10</td><td class="missed">✗ missed</td>')
  t.match(page, '<title>rookery: 3 at 1,000</title>')
})

t.test('page: a load generator that was the bottleneck is named', async (t) => {
  const row = { ...measurement(90), metric: 'saturated: CPU of the busiest load generator', unit: '% of a core' }
  t.match(reportHtml(reportOf([row])), /bottleneck[^<]*rookery, saturated \(90 %\)/)
  t.notMatch(reportHtml(reportOf([{ ...row, value: 70 }])), 'bottleneck')
})
