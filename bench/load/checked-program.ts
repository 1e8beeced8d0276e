/**
 * The program of checked traffic: devices with the client SDK in a process of their own.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { RookeryClient } from '../../protocol/client/client.js'
import type { SocketClass } from '../../protocol/client/link.js'
import type { ClientStorage } from '../../protocol/client/storage.js'
import { Gate } from '../gate.js'
import type { Connection, DeviceContext, DeviceCounters } from '../replay/device.js'
import { loadEntryHash } from '../replay/entry-hash.js'
import { makeToken } from '../token.js'
import {
  CheckedTraffic,
  type CheckedPlan,
  type Judgement,
  type TrafficPlan,
  type TrafficResult,
} from './checked-traffic.js'
import { carryOut } from './load-program.js'

const CONNECTS_AT_ONCE = 64
const RECONNECT = { min: 50, max: 500 }
const OUTBOX = 10_000

let traffic: CheckedTraffic | undefined

const tasks = {
  async open(plan: CheckedPlan): Promise<string[]> {
    traffic = new CheckedTraffic(plan, await contextOf(plan, () => opened().counters))
    return traffic.open()
  },
  run: (plan: TrafficPlan): Promise<TrafficResult> => opened().run(plan),
  judge: (): Promise<Judgement> => opened().judge(),
}
export type CheckedTasks = typeof tasks

carryOut(tasks)

function opened(): CheckedTraffic {
  if (traffic === undefined) throw new Error('nothing is open')
  return traffic
}

async function contextOf(plan: CheckedPlan, counters: () => DeviceCounters): Promise<DeviceContext> {
  const gate = new Gate(CONNECTS_AT_ONCE)
  return {
    hash: await loadEntryHash(),
    newConnection: (user, storage) => newConnection(plan, user, storage, () => (counters().connects += 1)),
    connect: (client) => gate.pass(() => client.connect()),
    pause,
  }
}

function newConnection(
  { urls, secret }: CheckedPlan,
  user: string,
  storage: ClientStorage,
  opens: () => void,
): Connection {
  let socket: WebSocket | undefined
  const recorded = function (url: string, protocol: string) {
    socket = new WebSocket(url, protocol, { perMessageDeflate: false })
    opens()
    return socket
  }
  const client = new RookeryClient({
    url: urls,
    token: makeToken(user, secret),
    device: 'checked',
    client: 'rookery-bench',
    storage,
    outboxLimit: OUTBOX,
    reconnect: RECONNECT,
    WebSocket: recorded as unknown as SocketClass,
  })
  return { client, breakSocket: () => socket?.terminate() }
}
