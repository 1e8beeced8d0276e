/**
 * Generator: a process that makes load and measures it, apart from the servers so that its own CPU is not counted as
 * theirs. It opens connections and runs traffic on them as ordered, and ends with its parent.
 */
import { Connections } from './connections.js'
import type { ConnectionRange, LoadOrder, LoadReport, Share } from './orders.js'
import { sendersOf } from './pattern.js'
import { PROTOCOLS } from './protocols/all.js'
import { Traffic } from './traffic.js'

let connections: Connections | undefined
let traffic: Traffic | undefined

async function carryOut(order: LoadOrder): Promise<LoadReport> {
  switch (order.order) {
    case 'connect':
      return open(order.range)
    case 'join':
      await opened().join(order.plan)
      return { report: 'joined' }
    case 'run':
      return run(order.share)
    case 'counts':
      return { report: 'counts', counts: running().counts() }
    case 'finish':
      return { report: 'finished', result: running().result() }
    case 'close':
      connections?.close()
      connections = undefined
      return { report: 'closed' }
  }
}

async function open(range: ConnectionRange): Promise<LoadReport> {
  const protocol = PROTOCOLS[range.target.protocol]
  if (protocol === undefined) throw new Error(`no protocol ${range.target.protocol}`)
  connections = new Connections(protocol, range, fail)
  return { report: 'connected', connected: await connections.open() }
}

async function run(share: Share): Promise<LoadReport> {
  const current = opened()
  traffic = new Traffic(sendersOf(share.plan.pattern, current.clients, current.groups), share)
  current.listener = traffic
  await traffic.run()
  return { report: 'counts', counts: traffic.counts() }
}

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

process.on('disconnect', () => process.exit(0))
process.on('message', (order: LoadOrder) => {
  carryOut(order)
    .catch((error: unknown): LoadReport => ({ report: 'failed', text: String(error) }))
    .then((report) => process.send?.(report))
    .catch(() => process.exit(1))
})
