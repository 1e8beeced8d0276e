/**
 * Fake worker: the process of a worker whose server is nothing but its internal port; for the tests of the supervisor. The
 * name of its cluster says how it behaves: `broken` cannot start.
 */
import { Counters } from '../../actors/counters.js'
import type { NodeStatus } from '../../actors/transport.js'
import { serveInternals } from '../internal-http.js'
import { watchProcess } from '../metrics-process.js'
import { createMetrics } from '../metrics.js'
import { runWorker, type StartServer } from '../worker.js'

const startFake: StartServer = async (config, log) => {
  if (config.cluster === 'broken') throw new Error('the journal is of another cluster')
  const watch = watchProcess()
  const status = (): NodeStatus => {
    return { node: config.node, incarnation: 1, state: 'serving', view: null, owned: [], sessions: 0 }
  }
  const metrics = createMetrics({ counters: new Counters(), status, process: () => watch.read() })
  const internal = await serveInternals(config, { metrics, status, unready: () => null, drain: () => undefined }, log)
  const drain = () => Promise.resolve(log.info({ node: config.node }, 'fake drain'))
  const stop = async () => {
    watch.close()
    await internal.close()
  }
  return { publicPort: config.port, internalPort: internal.port, drain, stop }
}

await runWorker(startFake)
