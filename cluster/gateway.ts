/**
 * Gateway: the public port. Upgrades on `/ws` become connections of the node's sessions if they are admitted (gateway-door.ts);
 * other routes, the HTTP API, join the same app. Idle time and protocol pings are kept by uWebSockets.js in C++, so that an
 * idle connection costs no JavaScript at all.
 */
import { App, type HttpResponse, type TemplatedApp } from 'uWebSockets.js'
import { LIMITS } from '../protocol/limits.js'
import { ConnectLimit, type ConnectRate } from './connect-limit.js'
import { OUTBOUND_BYTES, type GatewayContext, type SocketData } from './gateway-connection.js'
import { Door } from './gateway-door.js'
import { listen } from './gateway-listen.js'
import { Exchange } from './http-answer.js'
import { JoinedFrames } from './joined-frames.js'
import { originCheck } from './origin.js'
import { proxyPeers, type ProxyPeers } from './proxy-peer.js'

export interface GatewayOptions extends Omit<GatewayContext, 'joined'> {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Whether other workers listen on the same port; otherwise a port in use is an error. */
  readonly shared: boolean
  readonly maxConnections: number
  /** Origins of browsers that may connect, or `*`. */
  readonly origins: readonly string[]
  /** Addresses or CIDR ranges of balancers whose PROXY v2 header is believed. */
  readonly trustedProxies: readonly string[]
  readonly connectRate: ConnectRate
  /** A connection that sends nothing at all for so long is cut, and so is one that misses three heartbeats. */
  readonly idleSeconds: number
  readonly heartbeatSeconds: number
  /** Adds routes to the public port. They answer through Exchange (http-answer.ts). */
  readonly routes?: (app: TemplatedApp, peers: ProxyPeers) => void
}

export interface Gateway {
  readonly port: number
  /** WebSockets open now. */
  readonly connections: number
  /** Takes no more connections; those there are stay. */
  stopListening(): void
  /** Stops listening and cuts what is still connected. */
  close(): Promise<void>
}

/** A larger message is cut off by uWebSockets.js without a close code; above LIMITS.inboundBytes it is told `frame-too-large`. */
const CUT_OFF_BYTES = 2 * LIMITS.inboundBytes
/** Never reached: writes are refused at OUTBOUND_BYTES, and one write is far smaller than the rest. */
const DROP_BYTES = 16 * OUTBOUND_BYTES

/** Rejects with PortError when the port cannot be listened on. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const app = App()
  const peers = proxyPeers(options.trustedProxies)
  const { node, counters, log } = options
  const context = { node, counters, log, joined: new JoinedFrames() }
  const door = new Door(context, admissionRules(options), peers)
  addWebSocket(app, door, idleTimeout(options))
  options.routes?.(app, peers)
  addRest(app, peers)
  const listening = await listen(app, options.host, options.port, options.shared)
  return {
    port: listening.port,
    get connections() {
      return door.connections
    },
    stopListening: () => listening.stop(),
    close() {
      app.close()
      return Promise.resolve()
    },
  }
}

function admissionRules({ origins, connectRate, maxConnections }: GatewayOptions) {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number
  return { originAllowed: originCheck(origins), limit: new ConnectLimit(connectRate, seed), maxConnections }
}

/** Three heartbeats, at most the idle time, within what uWebSockets.js takes. It pings 16 s before the end. */
function idleTimeout({ idleSeconds, heartbeatSeconds }: GatewayOptions): number {
  return Math.min(960, Math.max(8, Math.min(idleSeconds, 3 * heartbeatSeconds)))
}

function addWebSocket(app: TemplatedApp, door: Door, idle: number): void {
  app.ws<SocketData>('/ws', {
    idleTimeout: idle,
    sendPingsAutomatically: true,
    maxPayloadLength: CUT_OFF_BYTES,
    maxBackpressure: DROP_BYTES,
    closeOnBackpressureLimit: false,
    upgrade: (response, request, context) => door.upgrade(response, request, context),
    open: (socket) => door.opened(socket),
    message: (socket, data, binary) => socket.getUserData().connection.received(data, binary),
    ping: (socket) => socket.getUserData().connection.alive(),
    pong: (socket) => socket.getUserData().connection.alive(),
    drain: (socket) => socket.getUserData().connection.drained(),
    close: (socket, code) => door.closed(socket, code),
  })
}

/** What is neither an upgrade nor one of the added routes. */
function addRest(app: TemplatedApp, peers: ProxyPeers): void {
  const refuse = (status: string, body: string) => (response: HttpResponse) =>
    new Exchange(response, peers.of(response).proxied).answer({ status, type: 'text/plain; charset=utf-8', body })
  app.any('/ws', refuse('426 Upgrade Required', 'this is a WebSocket\n'))
  app.any('/*', refuse('404 Not Found', 'nothing here\n'))
}
