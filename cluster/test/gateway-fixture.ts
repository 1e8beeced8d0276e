/** Gateway fixture: a gateway with a scripted node on a free port, and clients for it: proper ones (ws) and raw sockets. */
import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { Counters } from '../../actors/counters.js'
import { silent } from '../../actors/logger.js'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import { startGateway, type Gateway, type GatewayOptions } from '../gateway.js'
import { ScriptedNode, type ScriptedSession } from './scripted-node.js'

/** How long a test waits for what should happen at once. */
const WAIT_MS = 10_000

export interface GatewayFixture {
  readonly gateway: Gateway
  readonly node: ScriptedNode
  readonly counters: Counters
}

export async function openGateway(test: Test, options: Partial<GatewayOptions> = {}): Promise<GatewayFixture> {
  const node = new ScriptedNode()
  const counters = new Counters()
  const gateway = await startGateway({
    ...{ node, counters, log: silent, host: '127.0.0.1', port: 0, shared: false, maxConnections: 100 },
    ...{ origins: ['*'], trustedProxies: [], connectRate: { perSecond: 0, burst: 1 } },
    ...{ idleSeconds: 300, heartbeatSeconds: 30 },
    ...options,
  })
  test.teardown(() => gateway.close())
  return { gateway, node, counters }
}

/** Rejects, saying what did not happen, unless `promise` settles in time. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not happen within ${WAIT_MS} ms: ${what}`)), WAIT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export interface Client {
  readonly socket: WebSocket
  readonly session: ScriptedSession
}

export async function openClient(
  test: Test,
  { gateway, node }: GatewayFixture,
  subprotocol: string = SUBPROTOCOLS.json,
): Promise<Client> {
  const opened = node.nextSession()
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/ws`, subprotocol)
  socket.on('error', () => {})
  test.teardown(() => socket.terminate())
  await within('the WebSocket opens', once(socket, 'open'))
  return { socket, session: await within('the node gets a session', opened) }
}

export interface Closing {
  readonly code: number
  readonly reason: string
}

export async function closing(socket: WebSocket): Promise<Closing> {
  const [code, reason] = (await within('the WebSocket closes', once(socket, 'close'))) as [number, Buffer]
  return { code, reason: reason.toString() }
}

export interface RefusedUpgrade {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: string
}

/** Tries to open a WebSocket and answers how it was refused. */
export async function refusedUpgrade(
  gateway: Gateway,
  subprotocols: string[],
  headers: Record<string, string> = {},
): Promise<RefusedUpgrade> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/ws`, subprotocols, { headers })
  socket.on('error', () => {})
  const [, response] = (await within('the upgrade is refused', once(socket, 'unexpected-response'))) as [
    unknown,
    import('node:http').IncomingMessage,
  ]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text }
}

/** A raw connection, for what no client library sends. */
export class RawClient {
  readonly socket: Socket
  readonly #changes = new EventEmitter()
  #text = ''
  #ended = false

  constructor(test: Test, port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (data) => {
      this.#text += data.toString('latin1')
      this.#changes.emit('change')
    })
    this.socket.on('close', () => {
      this.#ended = true
      this.#changes.emit('change')
    })
    test.teardown(() => this.socket.destroy())
  }

  send(...parts: (string | Uint8Array)[]): this {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))))
    return this
  }

  /** What was received, as soon as it matches; also what was received until the connection ended. */
  async until(pattern: RegExp): Promise<string> {
    while (!this.#ended && !pattern.test(this.#text)) {
      await within(`${String(pattern)} arrives, or the connection ends`, once(this.#changes, 'change'))
    }
    return this.#text
  }

  /** Everything that was received when the connection ended. */
  end(): Promise<string> {
    return this.until(/(?!)/)
  }
}

/** An upgrade request as a client writes it. */
export const UPGRADE = [
  'GET /ws HTTP/1.1',
  'Host: rookery',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  `Sec-WebSocket-Protocol: ${SUBPROTOCOLS.json}`,
  '\r\n',
].join('\r\n')

/** A PROXY protocol header of version 2 for TCP over IPv4 (haproxy, doc/proxy-protocol.txt, section 2.2). */
export function proxyHeader(source: readonly number[]): Uint8Array {
  const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
  return Buffer.concat([signature, Buffer.from([0x21, 0x11, 0, 12, ...source, 127, 0, 0, 1, 0x30, 0x39, 0x1f, 0x90])])
}

/** A masked WebSocket frame as a client writes it; the mask is zero. */
export function clientFrame(opcode: number, payload: Uint8Array, fin = true): Uint8Array {
  const head = [(fin ? 0x80 : 0) | opcode]
  if (payload.length < 126) head.push(0x80 | payload.length)
  else head.push(0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 0xff))
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}
