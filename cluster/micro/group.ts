/**
 * A group on a whole node in this process, everything outside it in memory and its sockets made up: how often a message is encoded for those it
 * goes to, what a delivery takes of the CPU and of the heap.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { v7 } from 'uuid'
import { Counters } from '../../actors/counters.js'
import { MemoryBusHub } from '../../actors/bus-memory.js'
import { MemoryHistoryStore } from '../../actors/history-memory.js'
import { MemoryJournalStore } from '../../actors/journal-memory.js'
import { silent } from '../../actors/logger.js'
import { MemoryMembershipStore } from '../../actors/membership-memory.js'
import { Node } from '../../actors/node.js'
import { MemoryPresence } from '../../actors/presence-memory.js'
import type { Connection, SessionPort } from '../../actors/transport.js'
import { jsonCodec } from '../../protocol/codec-json.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import type { Codec } from '../../protocol/codec.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import type { Command } from '../../protocol/frames.js'
import { parseMessageId, type MessageId } from '../../protocol/ids.js'
import { systemClock } from '../clock-system.js'
import type { Figure } from './figure.js'

const MSGPACK_SESSIONS = 80
const JSON_SESSIONS = 20
const BYTES = 128
const CONVERSATION = 'g:00000000-0000-4000-8000-000000000001'
const UNLIMITED = { perSecond: 1e9, burst: 1e9 }
const PATIENCE_MS = 10_000

export async function measureGroup(messages: number): Promise<Figure[]> {
  const counters = new Counters()
  const node = makeNode(counters)
  await node.start()
  const msgpack = counted(msgpackCodec)
  const json = counted(jsonCodec)
  const group = await openGroup(node, counters, [msgpack, json])
  await say(group, counters, messages)
  msgpack.pushes = 0
  json.pushes = 0
  const gc = (globalThis as { gc?: () => void }).gc
  gc?.()
  const [heap, cpu, pushes] = [process.memoryUsage().heapUsed, process.cpuUsage(), counters.pushes]
  await say(group, counters, messages)
  const [bytes, used] = [process.memoryUsage().heapUsed - heap, process.cpuUsage(cpu)]
  const deliveries = counters.pushes - pushes
  await node.stop()
  return [
    { metric: 'group: encodes per message, msgpack', value: msgpack.pushes / messages, unit: 'encodes' },
    { metric: 'group: encodes per message, JSON', value: json.pushes / messages, unit: 'encodes' },
    { metric: 'group: CPU per delivery, without sockets', value: (used.user + used.system) / deliveries, unit: 'µs' },
    ...(gc === undefined
      ? []
      : [{ metric: 'group: allocated per delivery', value: bytes / deliveries, unit: 'bytes' }]),
  ]
}

function makeNode(counters: Counters): Node {
  const common = { clock: systemClock, random: Math.random }
  return new Node({
    ...common,
    ...{ node: 'micro', address: 'micro', shards: 1, timing: { heartbeatMs: 250, suspicionMs: 1500 } },
    ...{ pingSeconds: 30, connectMs: 10_000, rate: UNLIMITED, sendRate: UNLIMITED },
    ...{ historyLagBytes: 1 << 30, retentionMs: 3_600_000, log: silent, counters },
    authenticator: { verify: (token) => Promise.resolve({ user: token, expires: Infinity }) },
    bus: new MemoryBusHub(common).bus('micro'),
    journal: new MemoryJournalStore(common).journal('micro'),
    history: new MemoryHistoryStore(common).history('micro'),
    membership: new MemoryMembershipStore(common).membership('micro'),
    presence: new MemoryPresence(systemClock),
  })
}

interface CountedCodec extends Codec {
  /** Push frames it encoded. */
  pushes: number
}

function counted(codec: Codec): CountedCodec {
  const counting: CountedCodec = {
    ...codec,
    pushes: 0,
    encodeServerFrame(frame) {
      if (frame.frame === 'push') counting.pushes += 1
      return codec.encodeServerFrame(frame)
    },
  }
  return counting
}

interface Open {
  readonly codec: Codec
  readonly port: SessionPort
}

const DEAF: Connection = { remote: 'micro', write: () => true, buffered: () => 0, close: () => undefined }

/** The first makes the group, the others are in it from the start. */
async function openGroup(node: Node, counters: Counters, [msgpack, json]: readonly [Codec, Codec]): Promise<Open[]> {
  const users = Array.from({ length: MSGPACK_SESSIONS + JSON_SESSIONS }, (_, at) => `user-${String(at)}`)
  const group = users.map((_, at) => {
    const codec = at < MSGPACK_SESSIONS ? msgpack : json
    return { codec, port: node.open(DEAF, codec) }
  })
  for (const [at, open] of group.entries()) {
    give(open, { frame: 'connect', ref: 1, token: users[at] ?? '', device: 'micro', client: 'micro', session: 0 })
  }
  await until('the sessions', () => counters.sessions === users.length)
  const create = { frame: 'create', ref: 2, conversation: CONVERSATION, title: 'micro', open: false } as const
  give(group[0] as Open, { ...create, users: users.slice(1) })
  await until('the news of the group', () => counters.pushes >= users.length)
  return group
}

/** Resolves when everybody was pushed everything. */
async function say(group: readonly Open[], counters: Counters, messages: number): Promise<void> {
  const wanted = counters.pushes + messages * group.length
  const [sender] = group as [Open]
  for (let number = 0; number < messages; number++) {
    const rest = { type: MESSAGE_TYPE.text, content: new Uint8Array(BYTES), extra: null, priority: 0, ttl: 0 }
    const body = encodeBody({ id: parseMessageId(v7()) as MessageId, ...rest })
    give(sender, { frame: 'send', ref: number + 3, conversation: CONVERSATION, after: null, id: null, type: 0, body })
  }
  await until('the deliveries', () => counters.pushes >= wanted)
}

const give = ({ codec, port }: Open, command: Command): void => port.receive(codec.encodeCommand(command))

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !isSo(); await turn()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come in ${String(PATIENCE_MS / 1000)} s`)
  }
}
