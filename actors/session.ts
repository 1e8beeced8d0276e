/**
 * Session actor: one connected device. It turns frames into commands for the router, gives the answers back, and puts pushes into the
 * socket, gathered per turn. A device that does not acknowledge gets its pushes again; one that reads too slowly is switched from
 * push to paging. It knows its connection only through the Transport contract.
 */
import { CLOSE_CODES } from '../protocol/close-codes.js'
import type { CloseName } from '../protocol/close-codes.js'
import type { Codec, CommandSink, FrameError } from '../protocol/codec.js'
import type {
  Command,
  Connect,
  PushFrame,
  Read,
  Received,
  Reply,
  Resume,
  Resumed,
  ServerFrame,
} from '../protocol/frames.js'
import { userConversation } from '../protocol/ids.js'
import type { DeviceId, UserId } from '../protocol/ids.js'
import type { Actor, Ref } from './actor.js'
import type { Identity } from './authenticator.js'
import { refusal } from './command.js'
import type { OwnerCommand, OwnerReply, ReplyTo } from './command.js'
import type { Delivery } from './delivery.js'
import { PushLane, SLOW_BYTES } from './push-lane.js'
import type { LaneSocket } from './push-lane.js'
import { ResumeCollector } from './resume-collector.js'
import { Answer } from './session-answer.js'
import type { SessionHost } from './session-host.js'
import { TokenBucket } from './token-bucket.js'
import type { Connection, SessionPort } from './transport.js'

export type SessionMessage =
  | Command
  | { readonly frame: 'fault'; readonly fault: FrameError }
  | { readonly frame: 'verified'; readonly connect: Connect; readonly identity: Identity }
  | { readonly frame: 'rejected' }
  /** A resume whose turn has come. */
  | { readonly frame: 'resuming'; readonly resume: Resume }

type Phase =
  /** Accepted, no connect frame yet. */
  | 'new'
  /** The token is here, and waits for its turn to be checked. */
  | 'waiting'
  /** The token is being checked. */
  | 'checking'
  /** A user's device. */
  | 'open'
  /** Closed by either side. */
  | 'closed'

export class Session implements Actor<SessionMessage>, SessionPort, CommandSink, LaneSocket {
  readonly codec: Codec
  user: UserId = ''
  device: DeviceId = ''
  /** Number of this session of the device; unique, rising with time. */
  number = 0
  phase: Phase = 'new'
  /** Second since 1970 at which the token ends; 0 if it does not. Whole seconds, because V8 keeps small integers in place. */
  expires = 0
  /** Second since 1970 of the device's last application ping; 0 if there was none. */
  pingedAt = 0
  ref: Ref<SessionMessage> | null = null
  #out: Uint8Array[] | null = null
  /** What goes with the next write. */
  #late: PushFrame[] | null = null
  /** Made with the first push or acknowledgement. */
  #lane: PushLane | null = null
  #bucket: TokenBucket | null = null
  readonly #connection: Connection
  readonly #host: SessionHost

  constructor(connection: Connection, codec: Codec, host: SessionHost) {
    this.#connection = connection
    this.codec = codec
    this.#host = host
  }

  get remote(): string {
    return this.#connection.remote
  }

  // ── from the gateway ────────────────────────────────────────────────────────────────────────────────────────────────

  receive(input: Uint8Array | SessionMessage): void {
    if (input instanceof Uint8Array) {
      this.codec.decodeCommands(input, this)
    } else this.#handle(input)
  }

  command(command: Command): void {
    if (this.ref?.tell(command) === 'full') this.#refuse(refOf(command), refusal('overloaded'))
  }

  fault(fault: FrameError): void {
    this.ref?.tell({ frame: 'fault', fault })
  }

  alive(): void {
    // uWebSockets.js keeps the idle time itself
  }

  drained(): void {
    this.#lane?.drained()
  }

  closed(): void {
    this.#end()
  }

  // ── frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #handle(message: SessionMessage): void {
    if (this.phase === 'closed') return
    switch (message.frame) {
      case 'fault':
        this.#fault(message.fault)
        return
      case 'verified':
        this.#open(message.connect, message.identity)
        return
      case 'rejected':
        this.close('unauthenticated')
        return
      case 'connect':
        this.#connect(message)
        return
      case 'resuming':
        this.#resume(message.resume)
        return
      default:
        if (this.phase === 'open') this.#command(message)
        else this.#refuse(refOf(message), refusal('not-connected'))
    }
  }

  #fault(fault: FrameError): void {
    this.#host.counters.badFrames++
    this.#refuse(fault.ref, refusal(fault.error, fault.message))
    if (fault.close !== null) this.close(fault.close)
  }

  #connect(connect: Connect): void {
    if (this.phase !== 'new') {
      this.#refuse(connect.ref, refusal('already-connected'))
      return
    }
    this.phase = 'waiting'
    this.#host.enter(this, () => this.#check(connect))
  }

  #check(connect: Connect): void {
    if (this.phase !== 'waiting') return
    this.phase = 'checking'
    this.#host.authenticator.verify(connect.token).then(
      (identity) => void this.ref?.tell({ frame: 'verified', connect, identity }),
      () => void this.ref?.tell({ frame: 'rejected' }),
    )
  }

  #open(connect: Connect, identity: Identity): void {
    this.user = identity.user
    this.device = connect.device
    this.expires = identity.expires === Infinity ? 0 : Math.ceil(identity.expires / 1000)
    if (!this.#host.opened(this, connect.session)) {
      this.close('displaced')
      return
    }
    this.phase = 'open'
    const { node, pingSeconds, clock } = this.#host
    const { ref } = connect
    const { user, device, number } = this
    this.#write({ frame: 'welcome', ref, user, device, node, session: number, ping: pingSeconds, time: clock.now() })
  }

  #command(command: Exclude<Command, Connect>): void {
    const late = this.#limit(command)
    if (late > 0) {
      this.#refuse(refOf(command), { ...refusal('rate-limited'), retry: late } as Reply)
      return
    }
    switch (command.frame) {
      case 'ping':
        this.pingedAt = Math.floor(this.#host.clock.now() / 1000)
        this.#write({ frame: 'pong', ref: command.ref, pushes: this.#lane?.pushes ?? 0 })
        return
      case 'received':
        this.#received(command)
        return
      case 'read':
        this.#read(command)
        return
      case 'resume':
        this.#host.enter(this, () => this.#enterAgain(command))
        return
      case 'signal':
        this.#host.signal(command.conversation, this.user, command.name, command.data)
        return
      case 'presence':
        this.#host.presence(command.users, this.#answering(command.ref))
        return
      case 'conversations':
        this.#route({ frame: 'list', conversation: userConversation(this.user), query: command }, command.ref)
        return
      default:
        this.#route(command, command.ref)
    }
  }

  /** Milliseconds to wait; 0 when the command may pass. Marks are never refused: they cost little and have no answer. */
  #limit(command: Command): number {
    if (command.frame === 'received' || command.frame === 'read' || command.frame === 'ping') return 0
    const { rate, clock } = this.#host
    const now = clock.now()
    this.#bucket ??= new TokenBucket(rate, now)
    if (!this.#bucket.take(rate, now)) return Math.max(1, this.#bucket.wait(rate, now))
    return command.frame === 'send' ? this.#host.holdSend(this.user, now) : 0
  }

  #route(command: OwnerCommand, ref: number): void {
    this.#host.route(this, command, this.#answering(ref))
  }

  #answering(ref: number): ReplyTo {
    return new Answer(this, ref)
  }

  #enterAgain(resume: Resume): void {
    if (this.phase !== 'open') return
    if (this.ref?.tell({ frame: 'resuming', resume }) === 'full') this.#refuse(resume.ref, refusal('overloaded'))
  }

  #resume({ ref, positions, limit }: Resume): void {
    if (this.#connection.buffered() > SLOW_BYTES) {
      this.#refuse(ref, refusal('overloaded', 'read what was sent first'))
      return
    }
    this.#host.counters.resumes++
    const collector = new ResumeCollector(positions.length, (reply) => this.#resumed(ref, reply))
    for (const position of positions) {
      const { conversation } = position
      this.#host.route(this, { frame: 'resumeOne', conversation, position, limit }, collector.of(conversation))
    }
  }

  #resumed(ref: number, reply: Resumed): void {
    for (const page of reply.pages) if (!page.recovered) this.#host.counters.resumesNotRecovered++
    this.answer(ref, reply)
  }

  #received({ positions }: Received): void {
    const lane = this.#openLane()
    const now = this.#host.clock.now()
    lane.begin()
    for (const { conversation, seq } of positions) {
      lane.acknowledge(conversation, seq, now)
      this.#host.mark(conversation, this.user, seq, 0)
    }
  }

  #read({ positions }: Read): void {
    for (const { conversation, seq } of positions) this.#host.mark(conversation, this.user, seq, seq)
  }

  // ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  answer(ref: number, reply: OwnerReply): void {
    if (this.phase !== 'open') return
    switch (reply.frame) {
      case 'onePage':
      case 'audienceList':
      case 'notOwner':
        this.#refuse(ref, refusal('internal'))
        return
      case 'error':
        this.#refuse(ref, reply)
        return
      default:
        if (ref !== 0) this.#write({ ...reply, ref })
    }
  }

  /** An error is sent also without a ref: the client should know. */
  #refuse(ref: number, reply: Reply): void {
    if (this.phase !== 'closed') this.#write({ ...reply, ref })
  }

  // ── pushes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #openLane(): PushLane {
    return (this.#lane ??= new PushLane(this, this.#host))
  }

  deliver(delivery: Delivery, now: number): void {
    if (this.phase === 'open') this.#openLane().deliver(delivery, now)
  }

  push(frame: PushFrame): void {
    if (this.phase === 'open' && this.#lane?.holds(frame) !== true) this.#write(frame)
  }

  /** The same for what may wait for the next write: one system call less. */
  pushLate(frame: PushFrame): void {
    if (this.phase !== 'open' || this.#lane?.holds(frame) === true) return
    if (this.#late === null) {
      this.#late = [frame]
      this.#host.late(this)
    } else this.#late.push(frame)
  }

  flushLate(): void {
    for (const frame of this.#takeLate()) this.put(frame)
  }

  /** Encoded now: a frame that waits keeps everything that was encoded around it. */
  #takeLate(): readonly Uint8Array[] {
    const late = this.#late ?? []
    this.#late = null
    return late.map((frame) => this.codec.encodeServerFrame(frame))
  }

  check(now: number): boolean {
    return this.#lane?.check(now) ?? false
  }

  #write(frame: ServerFrame): void {
    this.put(this.codec.encodeServerFrame(frame))
  }

  put(bytes: Uint8Array): void {
    const out = this.#out
    if (out === null) {
      this.#out = [bytes]
      this.#host.dirty(this)
    } else if (out.length > 1) out.push(bytes)
    // an array that grows takes room for many
    else this.#out = [out[0] as Uint8Array, bytes]
  }

  /** Everything gathered leaves in one write; how many frames it was. */
  flush(): number {
    const out = this.#out
    this.#out = null
    if (out === null || this.phase === 'closed') return 0
    if (this.#late !== null) out.push(...this.#takeLate())
    const taken = this.#connection.write(out)
    if (!taken) this.close('unresponsive')
    else if (this.#connection.buffered() > SLOW_BYTES) this.#openLane().fallBehind()
    return out.length
  }

  buffered(): number {
    return this.#connection.buffered()
  }

  giveUp(): void {
    this.close('unresponsive')
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  close(name: CloseName): void {
    // the last write may close it too
    this.flush()
    if (this.phase === 'closed') return
    const { code, text } = CLOSE_CODES[name]
    this.#end()
    this.#connection.close(code, text)
  }

  #end(): void {
    if (this.phase === 'closed') return
    const wasOpen = this.phase === 'open'
    this.phase = 'closed'
    this.#out = null
    this.#late = null
    this.#lane = null
    this.#host.ended(this, wasOpen)
    this.ref?.stop()
  }
}

const refOf = (message: SessionMessage): number => ('ref' in message ? message.ref : 0)
