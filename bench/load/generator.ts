/**
 * Generator: a process that makes load and measures it, apart from the servers so that its own CPU is not counted as
 * theirs. It opens sessions and plays workloads on them as ordered, and ends with its parent.
 */
import { monotonic } from '../monotonic.js'
import { Direct } from './direct.js'
import type { LoadOrder, LoadReport } from './orders.js'
import { openSessions, type LoadSession } from './load-session.js'

let sessions: readonly LoadSession[] = []

async function carryOut(order: LoadOrder): Promise<LoadReport> {
  switch (order.order) {
    case 'connect': {
      const start = monotonic()
      sessions = await openSessions(order.range, fail)
      return { report: 'connected', seconds: (monotonic() - start) / 1000 }
    }
    case 'direct':
      return { report: 'direct', result: await new Direct(sessions, order.plan).run() }
  }
}

/** A session that is lost in the middle makes every figure wrong. */
function fail(reason: Error): void {
  process.stderr.write(`load generator: ${reason.message}\n`)
  process.exit(1)
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: LoadOrder) => {
  carryOut(order)
    .catch((error: unknown): LoadReport => ({ report: 'failed', text: String(error) }))
    .then((report) => process.send?.(report))
    .catch(() => process.exit(1))
})
