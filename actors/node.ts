/**
 * Node: one process's share of the cluster as those outside see it: its life (start, drain, stop) and its doors (gateway, HTTP API). Its parts
 * are joined in assembly.ts and speak to the world through contracts alone; nothing in here knows uWebSockets.js, NATS, Postgres
 * or Redis, so that a whole cluster runs in one process under a seed.
 */
import type { CloseName } from '../protocol/close-codes.js'
import type { Codec } from '../protocol/codec.js'
import type { Reply } from '../protocol/frames.js'
import { userConversation } from '../protocol/ids.js'
import type { DeviceId, UserId } from '../protocol/ids.js'
import { Assembly } from './assembly.js'
import { refusal } from './command.js'
import type { NodeParts } from './node-parts.js'
import type { Caller, Connection, NodePort, NodeStatus, SessionPort } from './transport.js'

export type { NodeParts } from './node-parts.js'

const SWEEP_MS = 250
const DRAIN_STEP_MS = 100
const RECONNECT_SPREAD_MS = 2_000

export class Node implements NodePort {
  readonly #parts: NodeParts
  readonly #in: Assembly
  #state: NodeStatus['state'] = 'joining'
  #timers: (() => void)[] = []

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#in = new Assembly(parts)
  }

  // ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Joins the cluster and begins to serve. */
  async start(): Promise<void> {
    const { bus } = this.#parts
    bus.onLine((up) => this.#line(up))
    await this.#in.links.open()
    await this.#in.cluster.start()
    this.#state = 'serving'
    this.#every(SWEEP_MS, () => this.#in.router.sweep())
    this.#every(1_000, () => {
      this.#in.sessions.sweep()
      this.#in.presenceSync.sweep()
    })
    this.#every(60_000, () => void this.#in.shards.tidy(this.#parts.retentionMs))
  }

  #every(ms: number, task: () => void): void {
    const { clock } = this.#parts
    const slot = this.#timers.length
    const next = (): void => {
      this.#timers[slot] = clock.after(ms, () => {
        task()
        next()
      })
    }
    this.#timers.push(() => undefined)
    next()
  }

  /** Gives all shards to the others and sees the sessions off, spread over `ms` milliseconds. */
  async drain(ms: number): Promise<void> {
    this.#state = 'draining'
    this.#in.presenceSync.drain()
    await this.#in.cluster
      .stepDown()
      .catch((error: unknown) => this.#parts.log.warn({ error: String(error) }, 'could not step down'))
    const sessions = [...this.#in.sessions.all()]
    const steps = Math.max(1, Math.ceil(ms / DRAIN_STEP_MS))
    const batch = Math.ceil(sessions.length / steps)
    for (let i = 0; i < sessions.length; i += batch) {
      for (const session of sessions.slice(i, i + batch)) {
        session.push({ frame: 'reconnect', delay: Math.floor(this.#parts.random() * RECONNECT_SPREAD_MS) })
        session.close('shutdown')
      }
      await this.#pause(DRAIN_STEP_MS)
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.after(ms, resolve))
  }

  /** Closes what is still open, writes what waits to be written and leaves the cluster. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    for (const session of [...this.#in.sessions.all()]) session.close('shutdown')
    for (const cancel of this.#timers) cancel()
    await this.#in.cluster.leave().catch(() => undefined)
    this.#in.shards.dropAll()
    await this.#in.markWriter.write()
    await this.#in.presenceSync.write()
    this.#in.actors.close()
  }

  /** Stops dead, as a crash would: for simulations. */
  halt(): void {
    this.#state = 'stopped'
    for (const cancel of this.#timers) cancel()
    this.#in.cluster.halt()
    this.#in.shards.dropAll()
    this.#in.actors.close()
  }

  #line(up: boolean): void {
    this.#in.cluster.line(up)
    if (this.#state === 'serving' || this.#state === 'frozen') this.#state = up ? 'serving' : 'frozen'
    if (up) this.#in.sessions.pushAll({ frame: 'resync' })
  }

  // ── doors ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  open(connection: Connection, codec: Codec): SessionPort {
    return this.#in.sessions.connect(connection, codec)
  }

  async ask(caller: Caller, command: Parameters<NodePort['ask']>[1]): Promise<Reply> {
    if (command.frame === 'presence') {
      return new Promise((resolve) => this.#in.presence(command.users, { reply: (reply) => resolve(reply as Reply) }))
    }
    const routed =
      command.frame === 'conversations'
        ? ({ frame: 'list', conversation: userConversation(caller.user), query: command } as const)
        : command
    const reply = await this.#in.router.ask(caller, routed)
    return reply.frame === 'onePage' || reply.frame === 'audienceList' || reply.frame === 'notOwner'
      ? refusal('internal')
      : reply
  }

  disconnect(user: UserId, device: DeviceId | null, close: CloseName): void {
    this.#in.sessions.disconnect(user, device, close)
    this.#in.links.broadcast({ type: 'disconnect', user, device, close })
  }

  status(): NodeStatus {
    return {
      node: this.#parts.node,
      incarnation: this.#in.cluster.incarnation,
      state: this.#state,
      view: this.#in.cluster.newest,
      owned: this.#in.shards.owned(),
      sessions: this.#in.sessions.size,
    }
  }
}
