/**
 * Generator: the load program that opens connections in any protocol and runs traffic on them, apart from the servers so that
 * its own CPU is not counted as theirs. A connection that is lost unasked ends it.
 */
import { Connections } from './connections.js'
import { carryOut } from './load-program.js'
import type { Connected, ConnectionRange, GroupPlan, Share, TrafficCounts, TrafficResult } from './orders.js'
import { sendersOf } from './pattern.js'
import { PROTOCOLS } from './protocols/all.js'
import { Traffic } from './traffic.js'

let connections: Connections | undefined
let traffic: Traffic | undefined

const TASKS = {
  async connect(range: ConnectionRange): Promise<Connected> {
    connections = new Connections(PROTOCOLS[range.target.protocol], range, fail)
    return connections.open()
  },
  join: (plan: GroupPlan): Promise<void> => opened().join(plan),
  /** Ends when the time is over, while messages may be under way. */
  async run(share: Share): Promise<TrafficCounts> {
    const current = opened()
    traffic = new Traffic(sendersOf(share.plan.pattern, current.clients, current.groups), share)
    current.listener = traffic
    await traffic.run()
    return traffic.counts()
  },
  counts: async (): Promise<TrafficCounts> => running().counts(),
  /** What arrives later is in no result. */
  finish: async (): Promise<TrafficResult> => running().result(),
  async close(): Promise<void> {
    connections?.close()
    connections = undefined
  },
}

export type GeneratorTasks = typeof TASKS

function opened(): Connections {
  if (connections === undefined) throw new Error('there are no connections')
  return connections
}

function running(): Traffic {
  if (traffic === undefined) throw new Error('no traffic was run')
  return traffic
}

function fail(reason: string): void {
  process.stderr.write(`load generator: ${reason}\n`)
  process.exit(1)
}

carryOut(TASKS)
