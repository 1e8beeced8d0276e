/**
 * Strike: takes one server of a private cluster down in the middle of a replay and brings it back, and notes how long the
 * sends of that time waited for their acks.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterNode } from '../cluster/cluster-node.js'
import type { LocalCluster } from '../cluster/local-cluster.js'
import { monotonic } from '../monotonic.js'
import type { Random } from './random.js'

/** What a strike may hit: the node with most shards, any node, or a server that all nodes depend on. */
export const TARGETS = ['owner', 'any', 'nats', 'postgres'] as const
export type Target = (typeof TARGETS)[number]

export interface StrikeReport {
  readonly what: string
  /** After the start of the replay. */
  readonly atSeconds: number
  /** From the blow until the server was ready again. */
  readonly backAfterSeconds: number
  /** Of sends that were in flight at the blow or made while the server was away or within a minute. */
  readonly longestWaitSeconds: number
  readonly waitedOverSecond: number
}

const POSTGRES_AWAY_MS = 30_000
const AFTERMATH_MS = 60_000
const SECOND = 1000

export class Strike {
  readonly #cluster: LocalCluster
  readonly #target: Target
  readonly #random: Random
  #what = ''
  #at = Infinity
  #back = Infinity
  #longest = 0
  #waitedOverSecond = 0

  constructor(cluster: LocalCluster, target: Target, random: Random) {
    this.#cluster = cluster
    this.#target = target
    this.#random = random
  }

  /** Resolves when the server is back. */
  async run(): Promise<void> {
    const { what, down, up } = await this.#choose()
    this.#what = what
    this.#cluster.usage()
    this.#at = monotonic()
    await down()
    await up()
    this.#back = monotonic()
  }

  /** A send of `sentAt` was acked after `took` milliseconds. */
  note(sentAt: number, took: number): void {
    if (sentAt + took < this.#at || sentAt > this.#back + AFTERMATH_MS) return
    this.#longest = Math.max(this.#longest, took)
    if (took > SECOND) this.#waitedOverSecond += 1
  }

  report(start: number): StrikeReport {
    return {
      what: this.#what,
      atSeconds: (this.#at - start) / SECOND,
      backAfterSeconds: (this.#back - this.#at) / SECOND,
      longestWaitSeconds: this.#longest / SECOND,
      waitedOverSecond: this.#waitedOverSecond,
    }
  }

  async #choose(): Promise<{ what: string; down: () => Promise<void>; up: () => Promise<void> }> {
    switch (this.#target) {
      case 'owner':
        return killed(await this.#cluster.owner(), ', owner of most shards,')
      case 'any':
        return killed(this.#anyNode(), '')
      case 'nats': {
        const server = this.#storage('nats-server')
        return { what: 'nats-server killed', down: () => server.kill(), up: () => server.restart() }
      }
      case 'postgres': {
        const server = this.#storage('postgres')
        const up = async () => {
          await pause(POSTGRES_AWAY_MS)
          await server.restart()
        }
        return { what: 'Postgres stopped', down: () => server.stop(), up }
      }
    }
  }

  #anyNode(): ClusterNode {
    return this.#cluster.nodes[Math.floor(this.#random() * this.#cluster.nodes.length)] as ClusterNode
  }

  #storage(name: string) {
    const server = this.#cluster.storage(name)
    if (server === undefined) throw new Error(`${name} was not started by this replay, so it is not ours to kill`)
    return server
  }
}

function killed(node: ClusterNode, which: string) {
  return { what: `${node.name}${which} killed`, down: () => node.kill(), up: () => node.start() }
}
