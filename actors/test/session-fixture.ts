/**
 * Sessions on virtual time, with connections that only remember, and a host that records what devices asked of it. `step` lets
 * everything of this instant happen; `seconds` moves on, sweeping once a second as a node does.
 */
import type { Codec } from '../../protocol/codec.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import { encodeWholeEntry } from '../../protocol/entry-codec.js'
import type { Command, Read, ServerFrame } from '../../protocol/frames.js'
import type { ConversationId } from '../../protocol/ids.js'
import { ActorSystem } from '../actor-system.js'
import { VirtualClock } from '../clock-virtual.js'
import type { OwnerCommand, ReplyTo } from '../command.js'
import { Counters } from '../counters.js'
import { Delivery } from '../delivery.js'
import type { Session, SessionMessage } from '../session.js'
import { Sessions } from '../sessions.js'
import type { SessionsParts } from '../sessions.js'
import type { Connection } from '../transport.js'

export const START = Date.UTC(2025, 0, 1)
export const CONNECT_MS = 5_000
export const PING_SECONDS = 25

class RememberingConnection implements Connection {
  readonly remote = '127.0.0.1'
  /** The frames of each write. */
  readonly writes: ServerFrame[][] = []
  readonly closes: { readonly code: number; readonly reason: string }[] = []
  /** What `buffered` answers. */
  backlog = 0
  /** What `write` answers. */
  takes = true
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  write(frames: readonly Uint8Array[]): boolean {
    if (this.takes) this.writes.push(this.#codec.decodeServerFrames(Buffer.concat(frames)))
    return this.takes
  }

  buffered(): number {
    return this.backlog
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason })
  }
}

export interface Device {
  readonly connection: RememberingConnection
  readonly session: Session
  /** Sends these commands as one WebSocket message. */
  say(...commands: Command[]): void
  /** Everything written since the last call. */
  heard(): ServerFrame[]
  readonly closedWith: number | undefined
}

export interface Routed {
  readonly command: OwnerCommand
  readonly to: ReplyTo
}

/** Tokens: `<user>`, `<user>:<seconds to live>`, `bad`, and `slow`, which is never answered. */
function makeAuthenticator(clock: VirtualClock): SessionsParts['authenticator'] {
  return {
    verify(token) {
      if (token === 'bad') return Promise.reject(new Error('bad token'))
      if (token === 'slow') return new Promise(() => undefined)
      const [user = '', seconds] = token.split(':')
      return Promise.resolve({ user, expires: clock.now() + Number(seconds ?? Infinity) * 1000 })
    },
  }
}

export function createSessions(more: Partial<SessionsParts> = {}) {
  const clock = new VirtualClock(START)
  const counters = new Counters()
  const system = new ActorSystem({
    clock,
    deadLetter: () => undefined,
    failed: (_kind, _id, error) => {
      throw error
    },
  })
  const routed: Routed[] = []
  const marks: unknown[] = []
  const signals: unknown[] = []
  const news: string[] = []
  const sessions: Sessions = new Sessions({
    node: 'n1',
    clock,
    counters,
    authenticator: makeAuthenticator(clock),
    pingSeconds: PING_SECONDS,
    connectMs: CONNECT_MS,
    rate: { perSecond: 1000, burst: 1000 },
    sendRate: { perSecond: 1000, burst: 1000 },
    kind: system.register<number, SessionMessage>({
      kind: 'session',
      mailbox: 1024,
      idle: 0,
      supervise: () => 'resume',
    }),
    wake: () => system.wake(),
    came: ({ user, device }, first) => void news.push(`${user}/${device} came${first ? ' first' : ''}`),
    went: ({ user, device }, last) => void news.push(`${user}/${device} went${last ? ' last' : ''}`),
    route: (_session, command, to) => void routed.push({ command, to }),
    mark: (conversation, user, delivered, read) => void marks.push({ conversation, user, delivered, read }),
    signal: (conversation, sender, name) => void signals.push({ conversation, sender, name }),
    presence: (users, to) =>
      to.reply({ frame: 'presenceList', ref: 0, items: users.map((user) => ({ user, state: 'away', lastSeen: 0 })) }),
    ...more,
  })
  system.onTurnEnd(() => sessions.flush())

  const step = (): Promise<void> => clock.run(clock.now())
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await clock.run(clock.now() + 1000)
      sessions.sweep()
      await step()
    }
  }
  const attach = (codec: Codec = msgpackCodec): Device => {
    const connection = new RememberingConnection(codec)
    const session = sessions.connect(connection, codec)
    return {
      connection,
      session,
      say: (...commands) => session.receive(Buffer.concat(commands.map((command) => codec.encodeCommand(command)))),
      heard: () => connection.writes.splice(0).flat(),
      get closedWith() {
        return connection.closes[0]?.code
      },
    }
  }
  /** A device that is welcomed, and has said nothing else yet. */
  const open = async (token: string, name = 'phone', number = 0, codec: Codec = msgpackCodec): Promise<Device> => {
    const device = attach(codec)
    device.say(connectFrame(token, name, 1, number))
    await step()
    device.connection.writes.length = 0
    return device
  }
  return { clock, counters, system, sessions, routed, marks, signals, news, step, seconds, attach, open }
}

export const connectFrame = (token: string, device = 'phone', ref = 1, session = 0): Command => ({
  frame: 'connect',
  ref,
  token,
  device,
  client: 'test',
  session,
})

export const received = (conversation: ConversationId, seq: number): Command => ({
  frame: 'received',
  positions: [{ conversation, epoch: 1, seq }],
})

export const read = (conversation: ConversationId, seq: number): Read => ({
  frame: 'read',
  positions: [{ conversation, epoch: 1, seq }],
})

/** The delivery of a message of `size` bytes. */
export function deliveryOf(conversation: ConversationId, seq: number, size = 10): Delivery {
  const entry = encodeWholeEntry({
    version: 1,
    kind: 1,
    conversation,
    seq,
    ordinal: seq,
    time: START,
    sender: 'zoe',
    device: 'phone',
    id: '',
    type: 1,
    content: new Uint8Array(size),
    extra: null,
    priority: 0,
    ttl: 0,
  })
  return new Delivery({
    conversation,
    epoch: 1,
    prev: seq - 1,
    seq,
    time: START,
    kind: 1,
    membershipBefore: 0,
    membershipSeq: 0,
    leaving: [],
    entry,
  })
}
