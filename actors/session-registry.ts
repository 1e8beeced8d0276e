/**
 * Tells the owners of `u:<user>` which sessions their devices have, so that a newer connection displaces an older one on whatever node.
 * Gathered per turn and owner; told again when a shard moves. The owner's table is attachments.ts.
 */
import type { NodeId } from './bus.js'
import type { AttachedSession, Envelope } from './envelope.js'
import type { ShardId } from './journal.js'
import type { Session } from './session.js'

type Told = Extract<Envelope, { type: 'attach' | 'detach' }>

export interface SessionRegistryParts {
  readonly node: NodeId
  shardOf(user: string): ShardId
  ownerOf(shard: ShardId): NodeId | null
  sessions(): Iterable<Session>
  post(to: NodeId, envelope: Told): void
  /** The same for this node itself. */
  take(from: NodeId, envelope: Told): void
}

export class SessionRegistry {
  readonly #parts: SessionRegistryParts
  #came: AttachedSession[] = []
  #went: AttachedSession[] = []

  constructor(parts: SessionRegistryParts) {
    this.#parts = parts
  }

  came(session: Session): void {
    this.#came.push(attached(session))
  }

  went(session: Session): void {
    this.#went.push(attached(session))
  }

  flush(): void {
    if (this.#came.length === 0 && this.#went.length === 0) return
    const came = this.#came
    const went = this.#went
    this.#came = []
    this.#went = []
    this.#tell(came, (sessions) => ({ type: 'attach', sessions }))
    this.#tell(went, (sessions) => ({ type: 'detach', sessions }))
  }

  /** These shards have new owners: they hear of the sessions that are here. */
  moved(shards: ReadonlySet<ShardId>): void {
    if (shards.size === 0) return
    const concerned = [...this.#parts.sessions()].filter(({ user }) => shards.has(this.#parts.shardOf(user)))
    this.#tell(concerned.map(attached), (sessions) => ({ type: 'attach', sessions }))
  }

  /** An owner has missed some of what was told to it. */
  repeat(owner: NodeId): void {
    const parts = this.#parts
    const its = [...parts.sessions()].filter(({ user }) => parts.ownerOf(parts.shardOf(user)) === owner).map(attached)
    if (its.length > 0) parts.post(owner, { type: 'attach', sessions: its })
  }

  #tell(sessions: readonly AttachedSession[], make: (sessions: readonly AttachedSession[]) => Told): void {
    const byOwner = new Map<NodeId, AttachedSession[]>()
    for (const session of sessions) {
      const owner = this.#parts.ownerOf(this.#parts.shardOf(session.user))
      if (owner === null) continue
      const list = byOwner.get(owner)
      if (list === undefined) byOwner.set(owner, [session])
      else list.push(session)
    }
    for (const [owner, list] of byOwner) {
      if (owner === this.#parts.node) this.#parts.take(owner, make(list))
      else this.#parts.post(owner, make(list))
    }
  }
}

const attached = ({ user, device, number }: Session): AttachedSession => ({ user, device, session: number })
