/**
 * Options: the command line of `rookery replay`, checked and with nothing left open.
 */
import { randomBytes } from 'node:crypto'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Extent } from './chat-log.js'
import { isRun } from './nick.js'
import { TARGETS, type Target } from './strike.js'

export interface ReplayOptions {
  readonly file: string
  /** Infinity for `max`. */
  readonly speed: number
  /** Of a running cluster; empty with `nodes`. */
  readonly urls: readonly string[]
  readonly secret: string | undefined
  readonly tokenCommand: string | undefined
  /** How many nodes to start for the purpose; 0 with `urls`. */
  readonly nodes: number
  readonly kill: Target | undefined
  /** True: nats-server, Postgres and Redis are started too, whatever the environment names. */
  readonly embedded: boolean
  readonly extent: Extent
  readonly processes: number
  readonly churn: number
  readonly seed: string
  readonly run: string
  readonly checkHistory: boolean
  readonly json: boolean
}

type Parsed = Omit<ReplayOptions, 'file' | 'urls' | 'nodes' | 'extent' | 'kill' | 'run' | 'checkHistory'> & {
  readonly url?: readonly string[]
  readonly nodes?: number
  readonly kill?: Target
  readonly run?: string
  readonly messages?: number
  readonly days?: number
  readonly historyCheck: boolean
}

const DESCRIPTION = [
  'Drives a cluster with a chat log (lines of date, minute, nick and text, tab-separated, gzipped or plain):',
  'each day a group conversation, each nick a user with a device of its own. At the end the view every device has of',
  'every conversation is compared, in order and byte for byte, with what was acked, and with history.',
  'Exit code 0: lost 0, duplicated 0, out of order 0, and everything acked.',
].join(' ')

/** What is wrong with the arguments is written to standard error and ends the process with code 2. */
export function parseOptions(argv: readonly string[]): ReplayOptions {
  const command = describe()
  command.parse(argv, { from: 'user' })
  const { url = [], nodes = 0, messages, days, historyCheck, run, ...given } = command.opts<Parsed>()
  const options: ReplayOptions = {
    ...given,
    kill: given.kill,
    file: command.args[0] as string,
    urls: url,
    nodes,
    extent: { messages, days },
    run: run ?? randomBytes(4).toString('hex'),
    checkHistory: historyCheck,
  }
  const problem = contradiction(options)
  if (problem !== undefined) command.error(`error: ${problem}`, { exitCode: 2 })
  return options
}

function describe(): Command {
  return new Command('rookery replay')
    .description(DESCRIPTION)
    .argument('<file>', 'the chat log')
    .addOption(
      new Option('--speed <factor>', 'times as fast as it was written, or max').argParser(speed).default(...MAX),
    )
    .option('--url <url>', 'WebSocket URL of a node of a running cluster (repeatable)', also)
    .addOption(new Option('--secret <secret>', 'HS256 secret of that cluster').env('ROOKERY_JWT_SECRET'))
    .option('--token-command <command>', 'prints a token for the user id in ROOKERY_USER')
    .option('--nodes <count>', 'start a cluster of so many nodes for the purpose, and stop it', whole)
    .addOption(new Option('--kill <target>', 'take this down when half is acked, and bring it back').choices(TARGETS))
    .option('--embedded', 'start NATS, Postgres and Redis too, even if NATS_URL, … are set', false)
    .option('--messages <count>', 'only the first so many messages', whole)
    .option('--days <count>', 'only the first so many days', whole)
    .option('--processes <count>', 'client processes', whole, 2)
    .option('--churn <share>', 'share of devices that lose their connection again and again', share, 0.1)
    .option('--seed <text>', 'what random interruptions follow from', '1')
    .option('--run <name>', 'prefix of the user ids, so that runs do not meet (default: random)', runName)
    .option('--no-history-check', 'leave out the comparison with history')
    .option('--json', 'the last line of standard output is one JSON object', false)
}

function contradiction({ urls, nodes, kill, secret, tokenCommand }: ReplayOptions): string | undefined {
  if (urls.length > 0 === nodes > 0) return 'give either --url (a running cluster) or --nodes (one of its own)'
  if (kill !== undefined && nodes === 0) return '--kill needs --nodes: what this did not start, it does not kill'
  if (urls.length > 0 && secret === undefined && tokenCommand === undefined) {
    return 'tokens need --secret (or ROOKERY_JWT_SECRET) or --token-command'
  }
  return undefined
}

const MAX = [Infinity, 'max'] as const

const also = (value: string, earlier: readonly string[] = []) => [...earlier, value]

function speed(text: string): number {
  const value = text === 'max' ? Infinity : Number(text)
  if (value > 0) return value
  throw new InvalidArgumentError('A number above 0, or max.')
}

function whole(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('A whole number above 0.')
}

function share(text: string): number {
  const value = Number(text)
  if (value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('A number from 0 to 1.')
}

function runName(text: string): string {
  if (isRun(text)) return text
  throw new InvalidArgumentError('1 to 16 of a-z 0-9.')
}
