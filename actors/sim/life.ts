/**
 * Life: one run of a node's process, from its start to its crash. Its clock stands still while the node is frozen, and when the
 * life is over nothing of it moves any more: no timer fires, no question is answered, nothing is sent.
 */
import type { Bus, NodeId } from '../bus.js'
import type { Clock } from '../clock.js'
import type { History } from '../history.js'
import type { Journal } from '../journal.js'
import type { MemoryLines } from '../lines-memory.js'
import type { Membership } from '../membership.js'
import type { Presence } from '../presence.js'

export class Life {
  readonly clock: Clock
  readonly #node: NodeId
  readonly #lines: MemoryLines
  #isOver = false

  constructor(node: NodeId, lines: MemoryLines, clock: Clock) {
    this.#node = node
    this.#lines = lines
    this.clock = {
      now: () => clock.now(),
      after: (ms, task) => {
        let isWanted = true
        const fire = (): void => {
          if (isWanted) task()
        }
        const cancel = clock.after(ms, () => this.run(fire))
        return () => {
          isWanted = false
          cancel()
        }
      },
      turn: (task) => clock.turn(() => this.run(task)),
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    this.#isOver = true
  }

  /** Runs `task` now, when the node is awake again, or never. */
  run(task: () => void): void {
    if (this.#isOver) return
    if (this.#lines.isAwake(this.#node)) task()
    else
      this.#lines.whenAwake(this.#node, () => {
        if (!this.#isOver) task()
      })
  }

  bus(bus: Bus): Bus {
    return {
      open: (node, receive) => bus.open(node, (bytes) => !this.#isOver && receive(bytes)),
      send: (to, bytes) => !this.#isOver && bus.send(to, bytes),
      broadcast: (bytes) => !this.#isOver && bus.broadcast(bytes),
      onLine: (listener) => bus.onLine((up) => !this.#isOver && listener(up)),
      close: () => bus.close(),
    }
  }

  journal(journal: Journal): Journal {
    return {
      tail: (shard) => this.#ask(() => journal.tail(shard)),
      append: (shard, expected, record) => this.#ask(() => journal.append(shard, expected, record)),
      read: (ranges, each) =>
        this.#ask(() => journal.read(ranges, (shard, seq, record) => !this.#isOver && each(shard, seq, record))),
      purge: (shard, below) => this.#ask(() => journal.purge(shard, below)),
    }
  }

  history(history: History): History {
    return {
      shards: (wanted) => this.#ask(() => history.shards(wanted)),
      positions: (shards) => this.#ask(() => history.positions(shards)),
      activate: (shard, conversations, since) => this.#ask(() => history.activate(shard, conversations, since)),
      archive: (batch) => this.#ask(() => history.archive(batch)),
      page: (query) => this.#ask(() => history.page(query)),
      findId: (conversation, sender, id) => this.#ask(() => history.findId(conversation, sender, id)),
      mark: (marks) => this.#ask(() => history.mark(marks)),
      close: () => history.close(),
    }
  }

  membership(membership: Membership): Membership {
    return {
      newest: () => this.#ask(() => membership.newest()),
      propose: (view) => this.#ask(() => membership.propose(view)),
      watch: (listener) => this.#ask(() => membership.watch((view) => !this.#isOver && listener(view))),
      close: () => membership.close(),
    }
  }

  presence(presence: Presence): Presence {
    return {
      touch: (devices) => this.#ask(() => presence.touch(devices)),
      leave: (devices) => this.#ask(() => presence.leave(devices)),
      query: (users) => this.#ask(() => presence.query(users)),
      close: () => presence.close(),
    }
  }

  /** Asks on behalf of this life; the dead ask nothing and hear nothing. */
  #ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.#isOver) return new Promise(() => undefined)
    return new Promise((resolve, reject) => {
      question().then(
        (answer) => !this.#isOver && resolve(answer),
        (error: unknown) => !this.#isOver && reject(error instanceof Error ? error : new Error(String(error))),
      )
    })
  }
}
