/**
 * Worker: a process with a share of the replay's devices, so that one process's limit of open files and one core are not the
 * limit of the replay. It carries out the parent's orders, reports back, and ends with its parent.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { RookeryClient } from '../../protocol/client/client.js'
import type { SocketClass } from '../../protocol/client/link.js'
import type { ClientStorage } from '../../protocol/client/storage.js'
import { batched } from './batch.js'
import { Crowd } from './crowd.js'
import type { Connection, DeviceContext } from './device.js'
import { loadEntryHash } from './entry-hash.js'
import { Gate } from '../gate.js'
import type { Order, Report, WorkerSettings } from './orders.js'
import { tokenSource, type TokenSource } from './token-source.js'

const CONNECTS_AT_ONCE = 64
const RECONNECT = { min: 50, max: 2000 }
/** Above any window of the parent: what it deals is never refused here. */
const OUTBOX = 100_000

async function makeCrowd(settings: WorkerSettings, report: (report: Report) => void): Promise<Crowd> {
  const token = tokenSource(settings.secret, settings.tokenCommand)
  const gate = new Gate(CONNECTS_AT_ONCE)
  const context: DeviceContext = {
    hash: await loadEntryHash(),
    newConnection: (user, storage) =>
      newConnection(settings, token, user, storage, () => (crowd.counters.connects += 1)),
    connect: (client) => gate.pass(() => client.connect()),
    pause,
  }
  const crowd = new Crowd(settings, context, report)
  return crowd
}

function newConnection(
  { urls }: WorkerSettings,
  token: TokenSource,
  user: string,
  storage: ClientStorage,
  opened: () => void,
): Connection {
  let socket: WebSocket | undefined
  const recorded = function (url: string, protocol: string) {
    socket = new WebSocket(url, protocol, { perMessageDeflate: false })
    opened()
    return socket
  }
  const client = new RookeryClient({
    url: urls,
    token: () => token(user),
    device: 'replay',
    client: 'rookery-replay',
    storage,
    outboxLimit: OUTBOX,
    reconnect: RECONNECT,
    WebSocket: recorded as unknown as SocketClass,
  })
  return { client, breakSocket: () => socket?.terminate() }
}

async function carryOut(order: Order, crowd: Crowd, report: (report: Report) => void): Promise<void> {
  switch (order.order) {
    case 'settings':
      return
    case 'open':
      crowd.open(order.conversation, order.nick, order.title)
      return
    case 'speak':
      crowd.speak(order.conversation, order.nick, order.text)
      return
    case 'finish':
      await crowd.finish(order.truth)
      return
    case 'stop':
      await crowd.stop()
      report({ report: 'stopped', latency: crowd.latency.data(), counters: crowd.counters })
  }
}

const report = batched<Report>((batch) => process.send?.(batch))
let crowd: Promise<Crowd> | undefined

process.on('disconnect', () => process.exit(0))
process.on('message', (orders: readonly Order[]) => {
  for (const order of orders) {
    if (order.order === 'settings') crowd = makeCrowd(order.settings, report)
    void crowd?.then((ready) => carryOut(order, ready, report))
  }
})
