/**
 * Scripted node: a NodePort for tests of the doors. Remembers what it was told, answers what the test says, and keeps each
 * connection at hand so that a test can act as its session.
 */
import { EventEmitter, once } from 'node:events'
import type { Caller, Connection, NodePort, NodeStatus, SessionPort } from '../../actors/transport.js'
import type { CloseName } from '../../protocol/close-codes.js'
import type { Codec } from '../../protocol/codec.js'
import type { Reply } from '../../protocol/frames.js'
import type { DeviceId, UserId } from '../../protocol/ids.js'

type Command = Parameters<NodePort['ask']>[1]

/** A session that writes down what the gateway tells it. */
export class ScriptedSession implements SessionPort {
  readonly connection: Connection
  readonly codec: Codec
  readonly received: Buffer[] = []
  readonly events = new EventEmitter()
  lives = 0
  isClosed = false
  /** Calls that came after `closed`. */
  late = 0
  /** Replaces what `receive` does. */
  onReceive: (data: Uint8Array) => void = () => {}

  constructor(connection: Connection, codec: Codec) {
    this.connection = connection
    this.codec = codec
  }

  receive(data: Uint8Array): void {
    this.#count('receive')
    this.received.push(Buffer.from(data))
    this.onReceive(data)
  }

  alive(): void {
    this.lives++
    this.#count('alive')
  }

  drained(): void {
    this.#count('drained')
  }

  closed(): void {
    this.#count('closed')
    this.isClosed = true
  }

  #count(event: string): void {
    if (this.isClosed) this.late++
    this.events.emit(event)
  }
}

export class ScriptedNode implements NodePort {
  readonly sessions: ScriptedSession[] = []
  readonly asked: { caller: Caller; command: Command }[] = []
  readonly disconnected: { user: UserId; device: DeviceId | null; close: CloseName }[] = []
  readonly events = new EventEmitter()
  /** What `ask` answers. */
  reply: (command: Command) => Reply = () => ({ frame: 'sent', ref: 0, epoch: 1, seq: 7, time: 1_764_000_000_000 })
  /** What happens in `open`, before the session is returned. */
  onOpen: (session: ScriptedSession) => void = () => {}

  open(connection: Connection, codec: Codec): SessionPort {
    const session = new ScriptedSession(connection, codec)
    this.onOpen(session)
    this.sessions.push(session)
    this.events.emit('open', session)
    return session
  }

  ask(caller: Caller, command: Command): Promise<Reply> {
    this.asked.push({ caller, command })
    return Promise.resolve(this.reply(command))
  }

  disconnect(user: UserId, device: DeviceId | null, close: CloseName): void {
    this.disconnected.push({ user, device, close })
  }

  status(): NodeStatus {
    return { node: 'node-1', incarnation: 1, state: 'serving', view: null, owned: [], sessions: this.sessions.length }
  }

  /** The session that is opened next. */
  async nextSession(): Promise<ScriptedSession> {
    const [session] = (await once(this.events, 'open')) as [ScriptedSession]
    return session
  }
}
