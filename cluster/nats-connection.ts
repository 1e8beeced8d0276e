/**
 * NATS connection: the one line of a node to NATS, shared by bus, journal and membership. It reconnects for ever and quickly,
 * notices a dead server within seconds, and tells when it goes down and comes back. What this connection publishes does not
 * come back to its own subscriptions.
 */
import { connect, Events, type ConnectionOptions, type Msg, type MsgHdrs, type NatsConnection } from 'nats'
import type { Logger } from '../actors/logger.js'
import { NatsRequests, type Reply } from './nats-requests.js'

export interface NatsOptions {
  /** `nats://` or `tls://`, user and password or a token before `@`; several servers separated by commas. */
  readonly url: string
  /** Shown in the server's list of connections. */
  readonly name: string
  readonly log: Logger
}

const RECONNECT_MS = 250
const PING_MS = 2000

/** Rejects when no server answers within a few seconds. */
export async function connectNats(options: NatsOptions): Promise<NatsLine> {
  const servers = options.url.split(',').map((server) => new URL(server.trim()))
  try {
    return new NatsLine(await connect(connectionOptions(options.name, servers)), options.log)
  } catch (error) {
    const hosts = servers.map((server) => server.host).join(', ')
    throw new Error(`no connection to NATS at ${hosts}: ${String(error)}`, { cause: error })
  }
}

function connectionOptions(name: string, servers: readonly URL[]): ConnectionOptions {
  const user = decodeURIComponent(servers[0]?.username ?? '')
  const pass = decodeURIComponent(servers[0]?.password ?? '')
  return {
    name,
    servers: servers.map((server) => server.host),
    ...(pass ? { user, pass } : user ? { token: user } : {}),
    ...(servers[0]?.protocol === 'tls:' ? { tls: {} } : {}),
    noEcho: true,
    noAsyncTraces: true,
    timeout: 3000,
    pingInterval: PING_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => RECONNECT_MS * (0.5 + Math.random()),
    ignoreAuthErrorAbort: true,
  }
}

export class NatsLine {
  private readonly connection: NatsConnection
  private readonly requests: NatsRequests
  private readonly log: Logger
  private readonly listeners = new Set<(up: boolean) => void>()
  private up = true

  constructor(connection: NatsConnection, log: Logger) {
    this.connection = connection
    this.log = log
    this.requests = new NatsRequests(connection)
    void this.follow()
  }

  get isUp(): boolean {
    return this.up
  }

  /** Of the server connected to now: 'major.minor.patch'. */
  get serverVersion(): string {
    return this.connection.info?.version ?? ''
  }

  /** Largest message the server takes, bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576
  }

  /** Answers a function that ends the listening. */
  onLine(listener: (up: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** False when the bytes were not taken: the line is down, or they are too many. They must not change in this turn. */
  publish(subject: string, data: Uint8Array, reply?: string): boolean {
    if (!this.up || data.length > this.maxPayload) return false
    this.connection.publish(subject, data, reply ? { reply } : undefined)
    return true
  }

  request(subject: string, data: Uint8Array, timeoutMs: number, headers?: MsgHdrs): Promise<Reply> {
    if (!this.up) return Promise.resolve({ kind: 'unsent', reason: 'the line to NATS is down' })
    return this.requests.ask(subject, data, timeoutMs, headers)
  }

  /** `take` gets all that arrives, also after reconnects. Answers a function that ends it. */
  subscribe(subject: string, take: (message: Msg) => void): () => void {
    const subscription = this.connection.subscribe(subject, { callback: (_error, message) => this.hand(message, take) })
    return () => subscription.unsubscribe()
  }

  /** Resolves when the server has seen everything sent before. */
  flush(): Promise<void> {
    return this.connection.flush()
  }

  async close(): Promise<void> {
    this.listeners.clear()
    this.up = false
    this.requests.loseAll('the connection was closed')
    await this.connection.close()
  }

  /** An exception in a callback would end the client's reading for good. */
  private hand(message: Msg, take: (message: Msg) => void): void {
    try {
      take(message)
    } catch (error) {
      this.log.error({ error: String(error), subject: message.subject }, 'a receiver of NATS messages failed')
    }
  }

  private async follow(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === Events.Disconnect) this.turn(false)
      else if (status.type === Events.Reconnect) this.turn(true)
      else if (status.type === Events.Error) this.log.warn({ error: status.data }, 'NATS reports an error')
    }
    this.turn(false)
  }

  private turn(up: boolean): void {
    if (this.up === up) return
    this.up = up
    if (up) this.log.info({ server: this.connection.getServer() }, 'connected to NATS again')
    else this.log.warn({}, 'the line to NATS is down')
    if (!up) this.requests.loseAll('the line to NATS went down')
    for (const listener of this.listeners) listener(up)
  }
}
