/**
 * Metrics: every metric a node exposes, named and helped in this one file. Nothing is counted here: a scrape reads the plain
 * fields of `Counters` and the node's status into a prom-client registry (some 180 samples, about 1 ms of the event loop).
 */
import { Registry } from 'prom-client'
import type { Counters, Histogram } from '../actors/counters.js'
import type { NodeStatus } from '../actors/transport.js'
import type { ProcessReading } from './metrics-process.js'
import { histogramSamples, registerReading, type Labels, type Reading, type Sample } from './metrics-reading.js'

/** Text in the Prometheus exposition format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

/** What is looked at when somebody scrapes. */
export interface MetricsSources {
  readonly counters: Counters
  readonly status: () => NodeStatus
  readonly process: () => ProcessReading
}

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

export function createMetrics(sources: MetricsSources): Metrics {
  return {
    contentType: METRICS_TYPE,
    text: () => exposition(readings(sources)),
  }
}

export interface WorkerCount {
  readonly running: number
  readonly wanted: number
  readonly restarts: number
}

/** What the supervisor says about itself; the rest of its page are the metrics of its workers. */
export function supervisorText({ running, wanted, restarts }: WorkerCount): Promise<string> {
  return exposition([
    gauge(
      'rookery_workers',
      'Workers of this machine.',
      sample(running, { state: 'running' }),
      sample(wanted - running, { state: 'down' }),
    ),
    counter('rookery_worker_restarts_total', 'Workers started again after they ended by themselves.', sample(restarts)),
  ])
}

function exposition(readings: readonly Reading[]): Promise<string> {
  const registry = new Registry()
  for (const reading of readings) registerReading(registry, reading)
  return registry.metrics()
}

interface Named {
  readonly name: string
  readonly help: string
  readonly labels: Labels
}
type FieldsOf<T> = { [K in keyof Counters]: Counters[K] extends T ? K : never }[keyof Counters]

const named = (name: string, help: string, labels: Labels = {}): Named => ({ name: `rookery_${name}`, help, labels })

const STAGE_HELP =
  'Time in a stage: mailbox (until handled), journal (until stored), route (from session to owner and back), delivery (from send to push), device_ack (from push to ack, of the oldest push that an ack settles).'
const stage = (label: string): Named => named('stage_seconds', STAGE_HELP, { stage: label })
const send = (outcome: string): Named => named('sends_total', 'Durable sends answered, by outcome.', { outcome })
const connect = (outcome: string): Named => named('connects_total', 'Upgrades asked for, by outcome.', { outcome })
const busMessages = (direction: string): Named =>
  named('bus_messages_total', 'Messages on the bus between nodes.', { direction })

/** A field of `Counters` without a name does not compile. What ends in _total is a counter, the rest are gauges. */
const NUMBERS = {
  connectsAccepted: connect('accepted'),
  connectsRefused: connect('refused'),
  sendsAcked: send('acked'),
  sendsDuplicate: send('duplicate'),
  sendsRefused: send('refused'),
  sendsTemporary: send('temporary'),
  signals: named('signals_total', 'Ephemeral signals accepted from clients.'),
  pushes: named('pushes_total', 'Push frames handed to sockets, repeats included.'),
  pushRetries: named('push_retries_total', 'Pushes repeated because the device had not acked them.'),
  pushesReceived: named('pushes_received_total', 'Pushes acked by devices.'),
  slowReaders: named('slow_readers_total', 'Sessions switched from push to paging because their socket did not drain.'),
  sessionsUnresponsive: named('sessions_unresponsive_total', 'Sessions closed because all push retries went unacked.'),
  resumes: named('resumes_total', 'Conversations resumed from a position.'),
  resumesNotRecovered: named('resumes_not_recovered_total', 'Resumes whose position could no longer be served.'),
  badFrames: named('bad_frames_total', 'Messages from clients that broke the wire format.'),
  bytesIn: named('received_bytes_total', 'Bytes received from clients.'),
  bytesOut: named('sent_bytes_total', 'Bytes written to clients.'),
  deadLetters: named('dead_letters_total', 'Envelopes nobody was there to take.'),
  mailboxOverflows: named('mailbox_overflows_total', 'Envelopes refused because a mailbox was full.'),
  actorFailures: named('actor_failures_total', 'Actors that failed and were restarted.'),
  busMessagesOut: busMessages('out'),
  busMessagesIn: busMessages('in'),
  busEnvelopesOut: named(
    'bus_envelopes_total',
    'Envelopes sent to other nodes; divided by bus_messages: how well they pack.',
  ),
  busGaps: named('bus_gaps_total', 'Bus messages noticed as lost.'),
  viewsSeen: named('views_total', 'Membership views this node has seen.'),
  shardsTaken: named('shards_taken_total', 'Shards this node took over.'),
  shardsLost: named('shards_lost_total', 'Shards this node gave up or lost.'),
  fenceRefusals: named('fence_refusals_total', 'Appends the journal refused because another owner had written.'),
  appendsUnknown: named('appends_unknown_total', 'Appends whose outcome had to be found out.'),
  epochsBegun: named('epochs_total', 'Epochs begun because the journal or history went back.'),
  entriesAppended: named('journal_entries_total', 'Entries stored in the journal.'),
  entriesArchived: named('archived_entries_total', 'Entries archived from the journal into history.'),
  quarantined: named('quarantined_entries_total', 'Entries history refused and set aside.'),

  connections: named('connections', 'WebSockets open now.'),
  sessions: named('sessions', 'Authenticated sessions now.'),
  outboxBytes: named('outbox_bytes', 'Bytes waiting for sockets that do not drain.'),
  shardsOwned: named('shards_owned', 'Shards this node owns.'),
  conversationsActive: named('conversations_active', 'Conversation actors in memory.'),
  unarchivedBytes: named('history_lag_bytes', 'Bytes of entries in the journal that history does not have yet.'),
} satisfies Record<FieldsOf<number>, Named>

const HISTOGRAMS = {
  mailboxSeconds: stage('mailbox'),
  journalSeconds: stage('journal'),
  routeSeconds: stage('route'),
  deliverySeconds: stage('delivery'),
  deviceAckSeconds: stage('device_ack'),
  recordEntries: named('journal_record_entries', 'Entries in one journal record.'),
  archiveEntries: named('archive_batch_entries', 'Entries in one archive batch.'),
} satisfies Record<FieldsOf<Histogram>, Named>

function readings({ counters, status, process }: MetricsSources): Reading[] {
  const number = (field: FieldsOf<number>, labels: Labels) => [{ labels, value: counters[field] }]
  return [
    ...families(NUMBERS, typeOfNumber, number),
    ...families(
      HISTOGRAMS,
      () => 'histogram',
      (field, labels, name) => histogramSamples(name, labels, counters[field]),
    ),
    ...statusReadings(status()),
    ...processReadings(process()),
  ]
}

const typeOfNumber = (name: string) => (name.endsWith('_total') ? 'counter' : 'gauge')

/** Fields of one name become one metric with several label sets. */
function families<Field extends string>(
  table: Readonly<Record<Field, Named>>,
  typeOf: (name: string) => Reading['type'],
  read: (field: NoInfer<Field>, labels: Labels, name: string) => Sample[],
): Reading[] {
  const found = new Map<string, { name: string; help: string; type: Reading['type']; samples: Sample[] }>()
  for (const [field, { name, help, labels }] of Object.entries<Named>(table)) {
    const family = found.get(name) ?? { name, help, type: typeOf(name), samples: [] }
    family.samples.push(...read(field as Field, labels, name))
    found.set(name, family)
  }
  return [...found.values()]
}

const STATES: readonly NodeStatus['state'][] = ['joining', 'serving', 'frozen', 'draining', 'stopped']

function statusReadings({ node, state, view }: NodeStatus): Reading[] {
  const members = (ready: boolean) => view?.members.filter((member) => member.ready === ready).length ?? 0
  const unowned = view?.owners.filter((owner) => owner < 0).length ?? 0
  return [
    gauge('rookery_node_info', 'Constant 1; the label says which node this is.', sample(1, { node })),
    gauge(
      'rookery_node_state',
      '1 for the state the node is in, 0 for the others.',
      ...STATES.map((name) => sample(name === state ? 1 : 0, { state: name })),
    ),
    gauge('rookery_view_number', 'Membership view this node goes by; 0 before the first.', sample(view?.number ?? 0)),
    gauge(
      'rookery_members',
      'Members of that view, by whether they take shards.',
      ...[true, false].map((ready) => sample(members(ready), { ready: String(ready) })),
    ),
    gauge('rookery_shards_unowned', 'Shards nobody owns in that view.', sample(unowned)),
  ]
}

function processReadings({ cpu, memory, startedSeconds, maxFiles, loopLag, collections }: ProcessReading): Reading[] {
  return [
    counter('process_cpu_user_seconds_total', 'CPU time in the program, all threads.', sample(cpu.userSeconds)),
    counter('process_cpu_system_seconds_total', 'CPU time in the kernel, all threads.', sample(cpu.systemSeconds)),
    gauge('process_start_time_seconds', 'Start of the process since 1970.', sample(startedSeconds)),
    gauge('process_max_fds', 'Open files the process may have.', sample(maxFiles)),
    gauge('process_resident_memory_bytes', 'Memory in use by the process.', sample(memory.rss)),
    gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', sample(memory.heapUsed)),
    gauge('nodejs_heap_size_total_bytes', 'JavaScript heap reserved.', sample(memory.heapTotal)),
    gauge('nodejs_external_memory_bytes', 'Memory outside the heap held by objects.', sample(memory.external)),
    gauge(
      'nodejs_eventloop_lag_seconds',
      'How late timers fired since the scrape before; percentile 100 is the worst.',
      ...loopLag.map(({ percentile, seconds }) => sample(seconds, { percentile })),
    ),
    counter(
      'nodejs_gc_runs_total',
      'Garbage collections, by kind.',
      ...collections.map(({ kind, runs }) => sample(runs, { kind })),
    ),
    counter(
      'nodejs_gc_seconds_total',
      'Time the event loop stood still for garbage collection, by kind.',
      ...collections.map(({ kind, seconds }) => sample(seconds, { kind })),
    ),
  ]
}

const sample = (value: number, labels: Labels = {}): Sample => ({ labels, value })
const gauge = (name: string, help: string, ...samples: Sample[]): Reading => ({ name, help, type: 'gauge', samples })
const counter = (name: string, help: string, ...samples: Sample[]): Reading => ({
  ...gauge(name, help, ...samples),
  type: 'counter',
})
