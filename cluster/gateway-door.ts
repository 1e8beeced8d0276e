/**
 * Gateway door: takes WebSocket upgrades in, or refuses them, and counts who is inside. Between uWebSockets.js, which calls it
 * once per upgrade, open and close, and the connections it makes.
 */
import type { HttpRequest, HttpResponse, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import { SUBPROTOCOLS, type Codec } from '../protocol/codec.js'
import { admit, type AdmissionRules, type Refusal } from './gateway-admission.js'
import { GatewayConnection, type GatewayContext, type SocketData } from './gateway-connection.js'
import { Exchange } from './http-answer.js'
import type { Peer, ProxyPeers } from './proxy-peer.js'

export class Door {
  readonly #context: GatewayContext
  readonly #rules: AdmissionRules
  readonly #peers: ProxyPeers
  #connections = 0

  constructor(context: GatewayContext, rules: AdmissionRules, peers: ProxyPeers) {
    this.#context = context
    this.#rules = rules
    this.#peers = peers
  }

  get connections(): number {
    return this.#connections
  }

  upgrade(response: HttpResponse, request: HttpRequest, socketContext: us_socket_context_t): void {
    const peer = this.#peers.of(response)
    const subprotocols = request.getHeader('sec-websocket-protocol')
    const origin = request.getHeader('origin')
    const admission = admit({ peer, origin, subprotocols }, this.#rules, this.#connections, performance.now())
    if (admission.admitted) this.#accept(response, request, socketContext, peer, admission.codec)
    else this.#refuse(response, peer, admission.refusal)
  }

  opened(socket: WebSocket<SocketData>): void {
    const { connection } = socket.getUserData()
    this.#connections++
    this.#context.counters.connections++
    this.#context.log.debug({ remote: connection.remote }, 'connection opened')
    connection.opened(socket)
  }

  closed(socket: WebSocket<SocketData>, code: number): void {
    const { connection } = socket.getUserData()
    this.#connections--
    this.#context.counters.connections--
    this.#context.log.debug({ remote: connection.remote, code }, 'connection closed')
    connection.closed()
  }

  #accept(
    response: HttpResponse,
    request: HttpRequest,
    socketContext: us_socket_context_t,
    peer: Peer,
    codec: Codec,
  ): void {
    const connection = new GatewayConnection(peer.address, codec, this.#context)
    const key = request.getHeader('sec-websocket-key')
    const extensions = request.getHeader('sec-websocket-extensions')
    this.#context.counters.connectsAccepted++
    response.upgrade<SocketData>({ connection }, key, SUBPROTOCOLS[codec.name], extensions, socketContext)
  }

  #refuse(response: HttpResponse, peer: Peer, { status, text, retryAfter }: Refusal): void {
    this.#context.counters.connectsRefused++
    if (peer.forged) this.#context.log.warn({ remote: peer.address }, 'a PROXY header from a peer that is not trusted')
    new Exchange(response, peer.proxied).answer({
      status,
      type: 'text/plain; charset=utf-8',
      headers: retryAfter > 0 ? { 'Retry-After': String(retryAfter) } : {},
      body: `${text}\n`,
      last: true,
    })
  }
}
