/**
 * Server: the composition root of one process. Builds the contracts from the configuration, the node on top of them and the two ports in
 * front, and takes it all down in reverse. Nothing else in the project builds any of these together.
 */
import { Counters } from '../actors/counters.js'
import type { Logger } from '../actors/logger.js'
import { Node } from '../actors/node.js'
import type { Rate } from '../actors/token-bucket.js'
import type { NodeStatus } from '../actors/transport.js'
import { apiKeys } from './api-keys.js'
import { jwtAuthenticator } from './auth.js'
import { openBacking } from './backing.js'
import type { Backing } from './backing.js'
import { systemClock } from './clock-system.js'
import type { Config } from './config.js'
import { keepObjectsYoung } from './garbage-collection.js'
import { startGateway } from './gateway.js'
import type { Gateway } from './gateway.js'
import { httpApi } from './http-api.js'
import { serveInternals } from './internal-http.js'
import { createMetrics } from './metrics.js'
import { watchProcess } from './metrics-process.js'
import { assertPortFree } from './port-free.js'
import type { Running } from './running.js'
import { Stack } from './stack.js'

export interface RunningServer extends Running {
  readonly publicPort: number
  readonly internalPort: number
  status(): NodeStatus
}

/** Rejects when something cannot be started; then nothing of it is left running. */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  keepObjectsYoung()
  const stack = new Stack(log)
  try {
    return await start(config, log, stack)
  } catch (error) {
    await stack.unwind()
    throw error
  }
}

async function start(config: Config, log: Logger, stack: Stack): Promise<RunningServer> {
  await assertPortsFree(config)
  const counters = new Counters()
  const backing = await openBacking(config, log, stack)
  const node = await makeNode(config, log, counters, backing)
  const gateway = await openGateway(config, log, counters, node)
  stack.push('the gateway', () => gateway.close())
  const process = watchProcess()
  stack.push('process watch', () => process.close())
  const drain = (): Promise<void> => drainNode(config, node, gateway)
  const status = (): NodeStatus => node.status()
  const internal = await serveInternals(
    config,
    {
      metrics: createMetrics({ counters, status, process: () => process.read() }),
      unready: () => (node.status().state === 'serving' ? null : node.status().state),
      status,
      drain: () => void drain(),
    },
    log,
  )
  stack.push('the internal port', () => internal.close())
  stack.push('the node', () => node.stop())
  await node.start()
  log.info({ port: gateway.port, internalPort: internal.port }, 'serving')
  return { publicPort: gateway.port, internalPort: internal.port, status, drain, stop: () => stack.unwind() }
}

/** Before anything is started, so that the error comes at once. Workers share the public port; their supervisor has asked. */
async function assertPortsFree({ host, port, internalHost, internalPort, workers }: Config): Promise<void> {
  if (workers === 1) await assertPortFree(host, port)
  await assertPortFree(internalHost, internalPort)
}

async function makeNode(config: Config, log: Logger, counters: Counters, backing: Backing): Promise<Node> {
  const authenticator = await jwtAuthenticator({
    secrets: config.jwtSecret,
    publicKeys: config.jwtPublicKeys,
    ...(config.jwtIssuer === null ? {} : { issuer: config.jwtIssuer }),
    ...(config.jwtAudience === null ? {} : { audience: config.jwtAudience }),
    clockTolerance: config.jwtClockSeconds,
    expiryRequired: config.jwtExpiryRequired,
  })
  return new Node({
    ...backing,
    node: config.node,
    address: config.address,
    timing: { heartbeatMs: config.heartbeatMs, suspicionMs: config.suspicionMs },
    pingSeconds: config.heartbeatSeconds,
    connectMs: config.connectSeconds * 1000,
    rate: rateOf(config.framesPerSecond),
    sendRate: rateOf(config.sendsPerSecond),
    historyLagBytes: config.historyLagBytes,
    retentionMs: config.journalRetentionSeconds * 1000,
    clock: systemClock,
    random: Math.random,
    log,
    counters,
    authenticator,
  })
}

/** More than any process can take, and still a number to reckon with. */
const UNLIMITED = 1e9

const rateOf = (perSecond: number): Rate =>
  perSecond === 0 ? { perSecond: UNLIMITED, burst: UNLIMITED } : { perSecond, burst: 2 * perSecond }

function openGateway(config: Config, log: Logger, counters: Counters, node: Node): Promise<Gateway> {
  return startGateway({
    node,
    counters,
    log,
    host: config.host,
    port: config.port,
    shared: config.workers > 1,
    maxConnections: config.maxConnections,
    origins: config.origins,
    trustedProxies: config.trustedProxies,
    connectRate: { perSecond: config.connectRate, burst: 2 * config.connectRate },
    idleSeconds: config.idleSeconds,
    heartbeatSeconds: config.heartbeatSeconds,
    routes: httpApi({ node, counters, log, keys: apiKeys(config.apiKeys) }),
  })
}

/** New connections go elsewhere first; then shards and sessions follow. */
async function drainNode(config: Config, node: Node, gateway: Gateway): Promise<void> {
  gateway.stopListening()
  const alone = (node.status().view?.members.length ?? 1) <= 1
  await node.drain(alone ? 0 : (config.drainSeconds * 1000) / 2)
}
