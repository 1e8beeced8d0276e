/**
 * `rookery replay FILE`: composes a replay from its options, on a running cluster or on one of its own, and prints the outcome.
 * Everything it started is stopped, also on a failure and on Ctrl-C.
 */
import { usageBetween, type Usage } from '../accounting.js'
import { LocalCluster, withLocalCluster, type ServerUrls } from '../cluster/local-cluster.js'
import { machineLine, thisMachine } from '../machine.js'
import { countLines } from './chat-log.js'
import { parseOptions, type ReplayOptions } from './options.js'
import type { WorkerSettings } from './orders.js'
import { isGood, outcomeLines, outcomeObject, type Outcome } from './outcome.js'
import { showProgress } from './progress.js'
import { seededRandom } from './random.js'
import { Replay } from './replay.js'
import { Strike } from './strike.js'

/** Sockets a worker keeps open for devices without a conversation. */
const IDLE_SOCKETS = 4000
const PATIENCE_MS = 120_000

interface Finished {
  readonly outcome: Outcome
  /** Of servers that are ours, and of the clients. */
  readonly usage: Usage
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  const machine = thisMachine()
  const { outcome, usage } = options.nodes > 0 ? await onOwnCluster(options) : await onRunningCluster(options)
  process.stdout.write(`${[machineLine(machine), ...outcomeLines(outcome, usage)].join('\n')}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify(outcomeObject(outcome, usage))}\n`)
  process.exitCode = isGood(outcome) ? 0 : 1
}

async function onRunningCluster(options: ReplayOptions): Promise<Finished> {
  return play(options, options.urls, options.secret, undefined)
}

function onOwnCluster(options: ReplayOptions): Promise<Finished> {
  const servers = options.embedded ? {} : serversOfEnvironment()
  return withLocalCluster({ nodes: options.nodes, servers }, async (cluster) => {
    process.stderr.write(`${cluster.description}: up\n`)
    const before = cluster.usage()
    const { outcome, usage } = await play(options, cluster.urls, cluster.secret, cluster)
    return { outcome, usage: { ...usageBetween(before, cluster.usage()), ...usage } }
  })
}

function serversOfEnvironment(): ServerUrls {
  const { NATS_URL: nats, POSTGRES_URL: postgres, REDIS_URL: redis } = process.env
  return { nats, postgres, redis }
}

async function play(
  options: ReplayOptions,
  urls: readonly string[],
  secret: string | undefined,
  cluster: LocalCluster | undefined,
): Promise<Finished> {
  const { file, extent, speed, processes, kill, seed } = options
  const total = await countLines(file, extent)
  const strike = kill && cluster && new Strike(cluster, kill, seededRandom(`${seed}/strike`))
  const progress = showProgress(total)
  const worker = workerSettings(options, urls, secret)
  const replay = new Replay({ file, extent, total, speed, processes, worker, strike, progress })
  try {
    return { outcome: await replay.run(), usage: replay.usage() }
  } finally {
    progress.stop()
    await replay.end()
  }
}

function workerSettings(
  { tokenCommand, run, seed, churn, checkHistory }: ReplayOptions,
  urls: readonly string[],
  secret: string | undefined,
): WorkerSettings {
  const bounds = { sockets: IDLE_SOCKETS, patienceMs: PATIENCE_MS }
  return { urls, secret, tokenCommand, run, seed, churn, checkHistory, ...bounds }
}

main().catch((error: unknown) => {
  process.stderr.write(`rookery replay: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
