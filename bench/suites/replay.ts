/**
 * Replay: a chat log driven through a cluster as fast as it goes, by devices with the client SDK, and everything compared at the end. The log is the
 * shared one of real conversations where it lies beside the project, else one that is made up.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usageBetween, type Usage } from '../accounting.js'
import { withLocalCluster } from '../cluster/local-cluster.js'
import type { Percentiles } from '../latency.js'
import { countLines } from '../replay/chat-log.js'
import type { Outcome } from '../replay/outcome.js'
import { Replay } from '../replay/replay.js'
import { atMost, cpuRows, rowsOf } from '../rows.js'
import type { Measurement, Suite, SuiteContext } from '../suite.js'

/** From the compiled file to the folder beside the project. */
const SHARED = fileURLToPath(new URL('../../../../shared/data/ubuntu-irc.tsv.gz', import.meta.url))
const NODES = 3
const PROCESSES = 2
const CHURN = 0.1
const row = rowsOf('replay')

const FULL = 50_000
const QUICK = 300

export const replay: Suite = {
  name: 'replay',
  line: 'a chat log through three nodes by devices with the SDK, everything compared: acked and delivered per second',
  async run(context) {
    const messages = context.quick ? QUICK : FULL
    if (existsSync(SHARED))
      return { ...(await play(SHARED, messages, context)), method: method('the shared chat log', messages) }
    const dir = await mkdtemp(join(tmpdir(), 'rookery-bench-log-'))
    try {
      const file = join(dir, 'chat.tsv')
      writeFileSync(file, madeUp(messages))
      return { ...(await play(file, messages, context)), method: method('a made-up chat log', messages) }
    } finally {
      rmSync(dir, { recursive: true })
    }
  },
}

const NICKS = 100
const LINES_OF_DAY = 1000

/** Days of a thousand lines by a hundred people, some of whom say much more than others. */
function madeUp(messages: number): string {
  const lines = Array.from({ length: messages }, (_, at) => {
    const day = new Date(Date.UTC(2004, 0, 1 + Math.floor(at / LINES_OF_DAY))).toISOString().slice(0, 10)
    const nick = `nick${String(Math.floor((((at * 7919) % 1000) / 1000) ** 2 * NICKS))}`
    const text = 'made up '.repeat(1 + (at % 13))
    return `${day}\t${String(Math.floor((at % LINES_OF_DAY) / 2))}\t${nick}\t${text}${String(at)}\n`
  })
  return lines.join('')
}

function play(file: string, messages: number, context: SuiteContext): Promise<{ measurements: Measurement[] }> {
  return withLocalCluster({ nodes: NODES }, async (cluster) => {
    const extent = { messages }
    const total = await countLines(file, extent)
    const progress = {
      update: (acked: number) => context.progress(acked / total),
      note: (text: string) => context.note(text),
      stop: () => undefined,
    }
    const worker = {
      ...{ urls: cluster.urls, secret: cluster.secret, tokenCommand: undefined, run: 'bench', seed: '1' },
      ...{ churn: CHURN, sockets: 4000, checkHistory: true, patienceMs: 60_000 },
    }
    const playing = new Replay({
      ...{ file, extent, total, speed: Infinity, processes: PROCESSES, worker, strike: undefined, progress },
    })
    const before = cluster.usage()
    try {
      const outcome = await playing.run()
      return { measurements: rows(outcome, usageBetween(before, cluster.usage()), playing.usage()) }
    } finally {
      await playing.end()
    }
  })
}

function rows(outcome: Outcome, servers: Usage, clients: Usage): Measurement[] {
  const { findings, acked, delivered, refused, ackSeconds, seconds, workers } = outcome
  return [
    row('acked', acked / ackSeconds, 'messages/s'),
    row('delivered', delivered / seconds, 'deliveries/s'),
    row('lost', findings.lost, 'entries', atMost(0)),
    row('duplicated', findings.duplicated, 'entries', atMost(0)),
    row('out of order', findings.outOfOrder, 'entries', atMost(0)),
    row('never acked', refused, 'messages', atMost(0)),
    row('positions that could not be continued from', workers.unrecovered, 'positions', atMost(0)),
    row('conversations', outcome.conversations, 'conversations'),
    row('devices', outcome.devices, 'devices'),
    row('connections broken or left', workers.drops + workers.absences, 'connections'),
    ...percentileRows('send to ack', outcome.ack),
    ...percentileRows('send to delivery', outcome.delivery),
    ...cpuRows(row, 'whole run', servers),
    ...cpuRows(row, 'whole run', clients),
  ]
}

const percentileRows = (what: string, { p50, p90, p99, p999, max }: Percentiles): Measurement[] =>
  Object.entries({ p50, p90, p99, 'p99.9': p999, max }).map(([rank, value]) => row(`${what}, ${rank}`, value, 'ms'))

const method = (log: string, messages: number): string[] => [
  `${String(messages)} messages of ${log}: each day a group, each nick a user with a device of its own, as fast as acks come back (at most 2,000 under way);`,
  `${String(NODES)} nodes with nats-server, Postgres and Redis; ${String(PROCESSES)} client processes with the SDK; ${String(100 * CHURN)} % of the devices lose their connection again and again;`,
  'at the end the view of every device and the history of every conversation are compared with what was acked, in order and byte for byte.',
]
