/**
 * Lines in memory: the connection of each simulated node to the servers outside it, shared by its bus, journal and
 * membership as one NATS connection is. A line is cut or healed; a node is frozen (its event loop stalls: what reaches it
 * waits, in order) or thawed. Nodes not mentioned yet are up and awake.
 */
import type { NodeId } from './bus.js'

interface Line {
  up: boolean
  frozen: boolean
  /** Counts the cuts: an operation under way through one of them loses its answer. */
  cuts: number
  readonly listeners: Set<(up: boolean) => void>
  readonly waiting: (() => void)[]
}

export class MemoryLines {
  private readonly lines = new Map<NodeId, Line>()

  isUp(node: NodeId): boolean {
    return this.line(node).up
  }

  /** A number that changes with every cut of the node's line. */
  cuts(node: NodeId): number {
    return this.line(node).cuts
  }

  cut(node: NodeId): void {
    const line = this.line(node)
    if (!line.up) return
    line.up = false
    line.cuts++
    this.tell(node, false)
  }

  heal(node: NodeId): void {
    const line = this.line(node)
    if (line.up) return
    line.up = true
    this.tell(node, true)
  }

  freeze(node: NodeId): void {
    this.line(node).frozen = true
  }

  /** Runs what waited, in the order it came. */
  thaw(node: NodeId): void {
    const line = this.line(node)
    line.frozen = false
    for (let task = next(line); task; task = next(line)) task()
  }

  /** Answers a function that ends the listening. */
  onLine(node: NodeId, listener: (up: boolean) => void): () => void {
    const { listeners } = this.line(node)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** Runs `task` now, or when the node thaws, after what waits already. */
  whenAwake(node: NodeId, task: () => void): void {
    if (this.isAwake(node)) task()
    else this.line(node).waiting.push(task)
  }

  /** Whether what reaches the node is heard at once. */
  isAwake(node: NodeId): boolean {
    const line = this.line(node)
    return !line.frozen && line.waiting.length === 0
  }

  private tell(node: NodeId, up: boolean): void {
    const { listeners } = this.line(node)
    for (const listener of listeners) this.whenAwake(node, () => listeners.has(listener) && listener(up))
  }

  private line(node: NodeId): Line {
    let line = this.lines.get(node)
    if (!line) this.lines.set(node, (line = { up: true, frozen: false, cuts: 0, listeners: new Set(), waiting: [] }))
    return line
  }
}

/** What a line that may freeze again meanwhile has to run next. */
const next = (line: Line): (() => void) | undefined => (line.frozen ? undefined : line.waiting.shift())
