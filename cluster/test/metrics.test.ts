/** Metrics: that the page says what was counted, in the form Prometheus wants, for one node and for several workers. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { Counters } from '../../actors/counters.js'
import type { NodeStatus } from '../../actors/transport.js'
import { mergeExpositions } from '../metrics-merge.js'
import { watchProcess } from '../metrics-process.js'
import { createMetrics, supervisorText } from '../metrics.js'

const promtool = spawnSync('promtool', ['--version']).error
  ? 'promtool is not installed (apt-get install prometheus)'
  : false

const STATUS: NodeStatus = {
  node: 'node-1',
  incarnation: 1,
  state: 'serving',
  view: {
    number: 7,
    version: 1,
    members: [{ node: 'node-1', incarnation: 1, version: 1, address: 'a:1', ready: true }],
    owners: [0, 0, -1],
  },
  owned: [0, 1],
  sessions: 0,
}

async function pageOf(counters: Counters): Promise<string> {
  const watch = watchProcess()
  const page = await createMetrics({ counters, status: () => STATUS, process: () => watch.read() }).text()
  watch.close()
  return page
}

function lint(page: string): string {
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
  return stdout + stderr
}

t.test('metrics: a field of the counters is on the page under its name and labels', async (t) => {
  const counters = new Counters()
  counters.sendsAcked = 41
  counters.sendsRefused = 2
  counters.connections = 3
  const page = await pageOf(counters)
  t.match(page, /^rookery_sends_total\{outcome="acked"\} 41$/m)
  t.match(page, /^rookery_sends_total\{outcome="refused"\} 2$/m)
  t.match(page, /^# TYPE rookery_connections gauge\nrookery_connections 3$/m)
})

t.test('metrics: a histogram has cumulative buckets, a sum and a count', async (t) => {
  const counters = new Counters()
  for (const seconds of [0.0004, 0.002, 0.002, 60]) counters.journalSeconds.observe(seconds)
  const page = await pageOf(counters)
  t.match(page, 'rookery_stage_seconds_bucket{stage="journal",le="0.0005"} 1\n')
  t.match(page, 'rookery_stage_seconds_bucket{stage="journal",le="0.0025"} 3\n')
  t.match(page, 'rookery_stage_seconds_bucket{stage="journal",le="10"} 3\n')
  t.match(page, 'rookery_stage_seconds_bucket{stage="journal",le="+Inf"} 4\n')
  t.match(page, 'rookery_stage_seconds_count{stage="journal"} 4\n')
  t.match(page, 'rookery_stage_seconds_sum{stage="journal"} 60.0044\n')
})

t.test('metrics: the state of the node and its view are on the page', async (t) => {
  const page = await pageOf(new Counters())
  t.match(page, 'rookery_node_state{state="serving"} 1\n')
  t.match(page, 'rookery_node_state{state="draining"} 0\n')
  t.match(page, 'rookery_view_number 7\n')
  t.match(page, 'rookery_shards_unowned 1\n')
})

t.test('metrics: what the process costs is on the page', async (t) => {
  const page = await pageOf(new Counters())
  t.match(page, /^process_resident_memory_bytes [1-9]\d+$/m)
  t.match(page, /^nodejs_eventloop_lag_seconds\{percentile="99"\} \d/m)
  t.match(page, /^nodejs_gc_seconds_total\{kind="major"\} \d/m)
})

t.test('metrics: pages of several workers are one page with a label for the worker', async (t) => {
  const page = mergeExpositions(
    new Map([
      ['a', '# HELP x_total X.\n# TYPE x_total counter\nx_total 1\n'],
      ['b', '# HELP x_total X.\n# TYPE x_total counter\nx_total 2\n\n# HELP y Y.\n# TYPE y gauge\ny{z="}{"} 3\n'],
    ]),
  )
  t.equal(
    page,
    '# HELP x_total X.\n# TYPE x_total counter\nx_total{worker="a"} 1\nx_total{worker="b"} 2\n' +
      '\n# HELP y Y.\n# TYPE y gauge\ny{worker="b",z="}{"} 3\n',
  )
})

t.test('metrics: promtool has nothing to say about a page', { skip: promtool }, async (t) => {
  const counters = new Counters()
  counters.deliverySeconds.observe(0.1)
  t.equal(lint(await pageOf(counters)), '')
})

t.test('metrics: promtool has nothing to say about the page of a supervisor', { skip: promtool }, async (t) => {
  const page = await pageOf(new Counters())
  const own = await supervisorText({ running: 1, wanted: 2, restarts: 3 })
  const merged = mergeExpositions(
    new Map([
      ['node-1', page],
      ['node-2', page],
    ]),
  )
  t.equal(lint(`${own}\n${merged}`), '')
})
