/**
 * Options of a client and their defaults. Everything the outside world gives a client comes in here: time, chance, storage,
 * sockets, tokens.
 */
import { jsonCodec } from '../codec-json.js'
import { msgpackCodec } from '../codec-msgpack.js'
import type { Codec, CodecName } from '../codec.js'
import type { DeviceId } from '../ids.js'
import type { BackoffRange } from './backoff.js'
import { systemClock, type ClientClock } from './clock.js'
import type { SocketClass } from './link.js'
import { MemoryStorage, type ClientStorage } from './storage.js'

export interface ClientOptions {
  /** `ws://host:port/ws` or `wss://…`; of several, one is chosen at random for each attempt. */
  readonly url: string | readonly string[]
  /** JWT, or what answers one; asked for each connection. */
  readonly token: string | (() => string | Promise<string>)
  /** Name of this device, unique per user: a second connection with the same one displaces the first. */
  readonly device: DeviceId
  /** `msgpack` by default. */
  readonly codec?: CodecName
  /** Positions and unacked messages; in memory by default. */
  readonly storage?: ClientStorage
  /** Name and version of the application, for the server's logs; at most 64 characters. */
  readonly client?: string
  /** Messages that may wait for an ack, 1000 by default; one more is rejected with `outbox-full`. */
  readonly outboxLimit?: number
  /** Milliseconds until a send is rejected with `send-timeout`; by default it is kept and repeated without end. */
  readonly sendTimeout?: number
  /** Milliseconds, 200 to 20,000 by default, full jitter; false: the client closes when the connection breaks. */
  readonly reconnect?: BackoffRange | false
  /** From 0 up to 1, 1 excluded. */
  readonly random?: () => number
  readonly clock?: ClientClock
  /** The global one by default, else that of the package `ws`. */
  readonly WebSocket?: SocketClass
}

export interface Settings {
  readonly urls: readonly string[]
  readonly token: () => string | Promise<string>
  readonly device: DeviceId
  readonly codec: Codec
  readonly storage: ClientStorage
  readonly client: string
  readonly outboxLimit: number
  readonly sendTimeout: number
  readonly canReconnect: boolean
  readonly reconnect: BackoffRange
  readonly random: () => number
  readonly clock: ClientClock
  readonly socketClass: () => Promise<SocketClass>
}

const CODECS: Readonly<Record<CodecName, Codec>> = { msgpack: msgpackCodec, json: jsonCodec }

/** Throws on a malformed URL. */
export function settle(options: ClientOptions): Settings {
  const { token, WebSocket } = options
  return {
    urls: [options.url].flat().map((url) => new URL(url).href),
    token: typeof token === 'string' ? () => token : token,
    device: options.device,
    codec: CODECS[options.codec ?? 'msgpack'],
    storage: options.storage ?? new MemoryStorage(),
    client: options.client ?? 'rookery-sdk',
    outboxLimit: options.outboxLimit ?? 1000,
    sendTimeout: options.sendTimeout ?? Infinity,
    canReconnect: options.reconnect !== false,
    reconnect: options.reconnect || { min: 200, max: 20_000 },
    random: options.random ?? Math.random,
    clock: options.clock ?? systemClock,
    socketClass: WebSocket ? () => Promise.resolve(WebSocket) : findSocketClass,
  }
}

/** Browsers and Node 22 have one; Node 20 takes the package. */
async function findSocketClass(): Promise<SocketClass> {
  const { WebSocket } = globalThis as { WebSocket?: SocketClass }
  return WebSocket ?? (await import('ws')).WebSocket
}
