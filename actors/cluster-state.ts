/**
 * What a node believes about the others: when each was last heard, who is to be suspected, and which view should come next. Pure; cluster.ts
 * feeds it heartbeats and time and carries out what it says.
 */
import type { NodeId } from './bus.js'
import type { Member, View } from './membership.js'
import { nextView } from './ring.js'

export interface Timing {
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number
  /** Milliseconds without a heartbeat after which a member counts as gone. */
  readonly suspicionMs: number
}

export class ClusterState {
  readonly #timing: Timing
  readonly #heard = new Map<NodeId, { incarnation: number; at: number }>()
  #tickedAt: number

  constructor(timing: Timing, now: number) {
    this.#timing = timing
    this.#tickedAt = now
  }

  heard(node: NodeId, incarnation: number, now: number): void {
    const known = this.#heard.get(node)
    if (known === undefined || known.incarnation <= incarnation) this.#heard.set(node, { incarnation, at: now })
  }

  /**
   * Once per heartbeat. True when this node itself stalled: then the others had no chance to be heard, and everybody counts as just
   * heard (rule 8 of the design).
   */
  tick(now: number): boolean {
    const stalled = now - this.#tickedAt > 2 * this.#timing.heartbeatMs + this.#timing.suspicionMs / 4
    this.#tickedAt = now
    if (stalled) this.trustAll(now)
    return stalled
  }

  /** After a stall or a break of the line: nobody is suspected for what happened meanwhile. */
  trustAll(now: number): void {
    for (const known of this.#heard.values()) known.at = now
  }

  /** A member begins with a full term when it enters a view, whether it was heard yet or not. */
  noteView(view: View, now: number): void {
    const members = new Set(view.members.map((member) => member.node))
    for (const node of this.#heard.keys()) if (!members.has(node)) this.#heard.delete(node)
    for (const { node, incarnation } of view.members)
      if (this.#heard.get(node)?.incarnation !== incarnation) this.#heard.set(node, { incarnation, at: now })
  }

  /** Members that were not heard for the suspicion time. */
  suspects(view: View, self: NodeId, now: number): NodeId[] {
    return view.members
      .map((member) => member.node)
      .filter((node) => node !== self && now - (this.#heard.get(node)?.at ?? 0) > this.#timing.suspicionMs)
  }
}

/** The next view with `self` as it is now and without `gone`; null when nothing would change. */
export function wantedView(view: View | null, self: Member, gone: readonly NodeId[], shards: number): View | null {
  const others = (view?.members ?? []).filter((member) => member.node !== self.node && !gone.includes(member.node))
  const members = [...others, self].sort((a, b) => (a.node < b.node ? -1 : 1))
  if (view !== null && sameMembers(view.members, members)) return null
  return nextView(view, members, shards)
}

/** The next view without `self`; null when it is not in. */
export function viewWithout(view: View | null, self: NodeId, shards: number): View | null {
  if (view === null || !view.members.some((member) => member.node === self)) return null
  return nextView(
    view,
    view.members.filter((member) => member.node !== self),
    shards,
  )
}

function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member, i) => sameMember(member, b[i] as Member))
}

const sameMember = (a: Member, b: Member): boolean =>
  a.node === b.node &&
  a.incarnation === b.incarnation &&
  a.ready === b.ready &&
  a.version === b.version &&
  a.address === b.address
