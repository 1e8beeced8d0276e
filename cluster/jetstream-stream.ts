/**
 * JetStream stream: makes a stream at first boot, reads it back at every boot and compares every field. A stream that somebody
 * set up or changed otherwise may lose records or let a stale owner write, so a difference refuses the start and names the field.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { callJetStream, JetStreamCode, JetStreamError } from './jetstream-api.js'
import type { NatsLine } from './nats-connection.js'

export type Replicas = 1 | 3

/** As JetStream names and measures things: durations in nanoseconds, -1 for no limit. */
export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly num_replicas: Replicas
  readonly max_bytes: number
  readonly max_msgs_per_subject: number
  readonly allow_rollup_hdrs: boolean
}

/** Fields that neither keep nor lose records. */
const FREE_FIELDS = new Set(['description', 'metadata', 'placement'])
const PASSING = new Set<number>([
  JetStreamCode.noSuitablePeers,
  JetStreamCode.systemUnavailable,
  JetStreamCode.notLeader,
  JetStreamCode.streamExists,
])
const OPEN_MS = 30_000
const OLDEST_REPLICATING = '2.12.7'

const FIXED = {
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  max_msg_size: -1,
  max_consumers: -1,
  duplicate_window: 100_000_000,
  compression: 'none',
  allow_direct: false,
  deny_delete: false,
  deny_purge: false,
}

/** Resolves when the stream exists as wanted; waits while JetStream has no leader yet. */
export async function ensureStream(line: NatsLine, config: StreamConfig): Promise<void> {
  refuseOldServer(line.serverVersion, config.num_replicas)
  const wanted = { ...FIXED, ...config }
  const actual = await readOrMake(line, wanted)
  const differences = streamDifferences(wanted, actual)
  if (differences.length > 0) throw new Error(`stream ${config.name} is not as wanted: ${differences.join('; ')}`)
}

/** Servers before 2.12.7 let several writers pass the fence of one subject in a replicated stream. */
export function refuseOldServer(version: string, replicas: Replicas): void {
  if (replicas === 1 || isAtLeast(version, OLDEST_REPLICATING)) return
  throw new Error(`nats-server ${version} does not fence replicated streams; ${OLDEST_REPLICATING} or newer is needed`)
}

/** Milliseconds-exact text of when the stream was made: its identity. */
export async function streamIdentity(line: NatsLine, stream: string): Promise<string> {
  return (await callJetStream<{ created: string }>(line, `STREAM.INFO.${stream}`)).created
}

/** One sentence for each field that differs; fields not wanted must be empty. */
export function streamDifferences(wanted: object, actual: object): string[] {
  const expected = new Map<string, unknown>(Object.entries(wanted))
  const found = new Map<string, unknown>(Object.entries(actual))
  const fields = new Set([...expected.keys(), ...found.keys()])
  return [...fields]
    .filter((field) => !FREE_FIELDS.has(field) && !isSame(expected.get(field), found.get(field)))
    .map((field) => `${field} is ${shown(found.get(field))}, not ${shown(expected.get(field))}`)
}

async function readOrMake(line: NatsLine, wanted: StreamConfig): Promise<object> {
  for (const deadline = Date.now() + OPEN_MS; ; await pause(100)) {
    try {
      return (await configOf(line, wanted.name)) ?? (await make(line, wanted))
    } catch (error) {
      if (!isPassing(error) || Date.now() > deadline) throw error
    }
  }
}

async function configOf(line: NatsLine, name: string): Promise<object | null> {
  try {
    return (await callJetStream<{ config: object }>(line, `STREAM.INFO.${name}`)).config
  } catch (error) {
    if (error instanceof JetStreamError && error.code === JetStreamCode.streamNotFound) return null
    throw error
  }
}

async function make(line: NatsLine, wanted: StreamConfig): Promise<object> {
  return (await callJetStream<{ config: object }>(line, `STREAM.CREATE.${wanted.name}`, wanted)).config
}

/** Nobody to ask just now, or somebody else makes the stream at this moment. */
function isPassing(error: unknown): boolean {
  return !(error instanceof JetStreamError) || PASSING.has(error.code)
}

function isAtLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [oldMajor = 0, oldMinor = 0, oldPatch = 0] = oldest.split('.').map(Number)
  return (major - oldMajor || minor - oldMinor || patch - oldPatch) >= 0
}

function isSame(wanted: unknown, actual: unknown): boolean {
  if (isEmpty(wanted) && isEmpty(actual)) return true
  return comparable(wanted) === comparable(actual)
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === false || value === 0 || value === ''
}

function comparable(value: unknown): string {
  return json(Array.isArray(value) ? value.map(String).sort() : value) ?? ''
}

const shown = (value: unknown): string => json(value) ?? 'absent'

/** Undefined has no JSON, which the built-in type leaves out. */
const json = (value: unknown): string | undefined => JSON.stringify(value)
