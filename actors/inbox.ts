/** Inbox: what other nodes say, each kind of envelope to the part it is for. */
import type { Kind } from './actor-system.js'
import type { Attachments } from './attachments.js'
import type { NodeId } from './bus.js'
import type { Cluster } from './cluster.js'
import type { ConversationMessage } from './conversation.js'
import type { Directory } from './directory.js'
import type { DirectorySync } from './directory-sync.js'
import type { ConversationMark, Envelope, HeartbeatEnvelope } from './envelope.js'
import type { FanOut } from './fan-out.js'
import type { ShardId } from './journal.js'
import type { Links } from './links.js'
import type { Router } from './router.js'
import type { SessionRegistry } from './session-registry.js'
import type { Sessions } from './sessions.js'
import type { Shards } from './shards.js'

export interface InboxParts {
  readonly node: NodeId
  readonly cluster: Cluster
  readonly links: Links
  readonly router: Router
  readonly shards: Shards
  readonly sessions: Sessions
  readonly directory: Directory
  readonly directorySync: DirectorySync
  readonly attachments: Attachments
  readonly fanOut: FanOut
  readonly registry: SessionRegistry
  readonly conversations: Kind<string, ConversationMessage>
}

export class Inbox {
  readonly #parts: InboxParts

  constructor(parts: InboxParts) {
    this.#parts = parts
  }

  take(from: NodeId, incarnation: number, envelope: Envelope): void {
    const { router, fanOut, sessions, directorySync, shards } = this.#parts
    switch (envelope.type) {
      case 'command':
        // noted before the answer is computed: what is stored after it is pushed there
        if (envelope.command.frame === 'resumeOne') this.#parts.directory.enter(from, envelope.caller.user)
        router.takeCommand(from, envelope)
        break
      case 'reply':
        router.takeReply(from, envelope)
        break
      case 'push':
        fanOut.deliver(envelope.delivery)
        break
      case 'marks':
        for (const mark of envelope.marks) this.takeMark(mark)
        break
      case 'receipts':
        sessions.receipts(envelope.user, envelope.conversation, envelope.items)
        break
      case 'signal':
        this.takeSignal(envelope)
        break
      case 'signalled':
        fanOut.takeSignal(envelope)
        break
      case 'heads':
        fanOut.takeHeads(envelope.heads)
        break
      case 'attach':
      case 'detach':
        this.takeAttached(from, envelope)
        break
      case 'displace':
        sessions.displace(envelope.user, envelope.device, envelope.session)
        break
      case 'disconnect':
        sessions.disconnect(envelope.user, envelope.device, envelope.close)
        break
      case 'directory':
        directorySync.take(from, incarnation, envelope)
        break
      case 'directoryAsk':
        directorySync.answer(from)
        break
      case 'gap':
        fanOut.announce(shards.recentHeads(), from)
        this.#parts.registry.repeat(from)
        break
      case 'heartbeat':
        this.#heartbeat(from, incarnation, envelope)
        break
    }
  }

  #heartbeat(from: NodeId, incarnation: number, heartbeat: HeartbeatEnvelope): void {
    const { cluster, links, directorySync, node } = this.#parts
    cluster.heard(from, incarnation, heartbeat)
    links.check(from, incarnation, heartbeat.sent[node] ?? 0)
    directorySync.check(from, incarnation, heartbeat.directory)
  }

  /** A mark for a conversation of this node. One that sleeps stays asleep: a device repeats its marks when it resumes. */
  takeMark(mark: ConversationMark): void {
    const { conversations } = this.#parts
    if (conversations.get(mark.conversation) !== undefined)
      conversations.tell(mark.conversation, { kind: 'mark', mark })
  }

  takeSignal({ conversation, sender, name, data }: Extract<Envelope, { type: 'signal' }>): void {
    const { shards, router, conversations } = this.#parts
    const shard: ShardId = router.shardOf(conversation)
    if (shards.get(shard) !== undefined) conversations.tell(conversation, { kind: 'signal', sender, name, data })
  }

  takeAttached(from: NodeId, envelope: Extract<Envelope, { type: 'attach' | 'detach' }>): void {
    const { attachments } = this.#parts
    for (const session of envelope.sessions) {
      if (envelope.type === 'attach') attachments.attach(from, session)
      else attachments.detach(from, session)
    }
  }
}
