/**
 * Ring: which member owns which shard. Consistent hashing (Karger et al. 1997) with virtual nodes and bounded loads
 * (Mirrokni, Thorup, Zadimoghaddam 2018): a shard belongs to the first node clockwise from it that has room. Pure:
 * whoever changes the membership computes the next view with it, all others read the view.
 *
 * Bounds alone would make changes cascade: a full node pushes shards on, which fill the next one. So the previous owners
 * count: a shard stays where it is unless its owner is gone or over its bound, or a node that owns nothing yet comes before it.
 */
import type { NodeId } from './bus.js'
import { hash64 } from './hash.js'
import type { Member, View } from './membership.js'

const VIRTUAL_NODES = 128
/** No node owns more than this times the average, rounded up. */
const LOAD_FACTOR = 1.25
const NOBODY = -1

interface Point {
  readonly position: number
  /** Index into the members. */
  readonly member: number
}

/** Owners of the shards as indexes into `members`; all -1 when no member is ready. `previous` is empty at first. */
export function assign(
  shards: number,
  members: readonly { readonly node: NodeId; readonly ready: boolean }[],
  previous: readonly (NodeId | null)[],
): number[] {
  const ready = members.flatMap((member, index) => (member.ready ? [index] : []))
  const owners = keep(shards, members, previous)
  if (ready.length === 0) return owners
  const points = pointsOf(members)
  const choices = owners.map((_, shard) => choicesOf(shard, points, ready.length))
  const table = new Loads(owners, members.length, Math.ceil((LOAD_FACTOR * shards) / ready.length))
  giveToNewcomers(table, choices)
  relieve(table, choices)
  place(table, choices)
  return owners
}

/** The view after `previous` with these members. The number of shards of a cluster never changes. */
export function nextView(previous: View | null, members: readonly Member[], shards: number): View {
  if (previous !== null && previous.owners.length !== shards) {
    throw new Error(`the cluster has ${previous.owners.length} shards, not ${shards}`)
  }
  const ordered = [...members].sort((a, b) => (a.node < b.node ? -1 : 1))
  const owned = previous?.owners.map((owner) => previous.members[owner]?.node ?? null) ?? []
  return {
    number: (previous?.number ?? 0) + 1,
    version: ordered.reduce((lowest, member) => Math.min(lowest, member.version), ordered[0]?.version ?? 0),
    members: ordered,
    owners: assign(shards, ordered, owned),
  }
}

/** Owners under construction, with what each member carries. */
class Loads {
  readonly owners: number[]
  private readonly loads: number[]
  private readonly bound: number

  constructor(owners: number[], members: number, bound: number) {
    this.owners = owners
    this.loads = new Array<number>(members).fill(0)
    this.bound = bound
    for (const owner of owners) if (owner !== NOBODY) this.loads[owner] = this.of(owner) + 1
  }

  of(member: number): number {
    return this.loads[member] ?? 0
  }

  hasRoom(member: number): boolean {
    return this.of(member) < this.bound
  }

  isOver(member: number): boolean {
    return this.of(member) > this.bound
  }

  move(shard: number, to: number): void {
    const from = this.owners[shard] ?? NOBODY
    if (from !== NOBODY) this.loads[from] = this.of(from) - 1
    if (to !== NOBODY) this.loads[to] = this.of(to) + 1
    this.owners[shard] = to
  }
}

/** The previous owners that are still ready members. */
function keep(
  shards: number,
  members: readonly { readonly node: NodeId; readonly ready: boolean }[],
  previous: readonly (NodeId | null)[],
): number[] {
  const indexes = new Map(members.flatMap((member, index) => (member.ready ? [[member.node, index]] : [])))
  return Array.from({ length: shards }, (_, shard) => indexes.get(previous[shard] ?? '') ?? NOBODY)
}

/** Members that own nothing yet take the shards they come first for, as far as they have room. */
function giveToNewcomers(table: Loads, choices: readonly number[][]): void {
  const isNewcomer = choices[0]?.filter((member) => table.of(member) === 0) ?? []
  const newcomers = new Set(isNewcomer)
  for (const [shard, members] of choices.entries()) {
    const owner = table.owners[shard] ?? NOBODY
    if (owner === NOBODY) continue
    const before = members.slice(0, members.indexOf(owner))
    const taker = before.find((member) => newcomers.has(member) && table.hasRoom(member))
    if (taker !== undefined) table.move(shard, taker)
  }
}

/** Members above their bound (it falls when members come) give up the shards that are farthest from them on the ring. */
function relieve(table: Loads, choices: readonly number[][]): void {
  const farthestFirst = table.owners
    .map((owner, shard) => ({ shard, owner, rank: choices[shard]?.indexOf(owner) ?? 0 }))
    .filter(({ owner }) => owner !== NOBODY)
    .sort((a, b) => b.rank - a.rank || a.shard - b.shard)
  for (const { shard, owner } of farthestFirst) if (table.isOver(owner)) table.move(shard, NOBODY)
}

/** Shards without an owner go to the first member on their way that has room; the bounds leave room for all. */
function place(table: Loads, choices: readonly number[][]): void {
  for (const [shard, members] of choices.entries()) {
    if (table.owners[shard] !== NOBODY) continue
    table.move(shard, members.find((member) => table.hasRoom(member)) ?? NOBODY)
  }
}

/** The virtual nodes of the ready members, clockwise. */
function pointsOf(members: readonly { readonly node: NodeId; readonly ready: boolean }[]): Point[] {
  const points: Point[] = []
  for (const [member, { node, ready }] of members.entries()) {
    for (let i = 0; ready && i < VIRTUAL_NODES; i++) points.push({ position: positionOf(`${node}#${i}`), member })
  }
  return points.sort((a, b) => a.position - b.position || a.member - b.member)
}

/** All `count` ready members in the order in which they come clockwise from a shard. */
function choicesOf(shard: number, points: readonly Point[], count: number): number[] {
  const found = new Set<number>()
  for (let at = firstFrom(points, positionOf(`shard/${shard}`)); found.size < count; at++) {
    found.add(points[at % points.length]?.member ?? NOBODY)
  }
  return [...found]
}

/** Index of the first point at or after a position. */
function firstFrom(points: readonly Point[], position: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle]?.position ?? 0) < position) low = middle + 1
    else high = middle
  }
  return low
}

/** The top 53 bits of XXH64, which a number holds exactly: the same in every process. */
const positionOf = (text: string): number => Number(hash64(text) >> 11n)
