/**
 * Worker: one node in a process of its own, started and told what to do by the supervisor over the channel between them. It
 * stops by itself when the supervisor is gone: nobody would restart, drain or measure it.
 */
import type { Logger } from '../actors/logger.js'
import type { Config } from './config.js'
import { createLog } from './log.js'
import { runUntilStopped, stopSignals, type Running, type StopRequests } from './running.js'
import type { WorkerOrder, WorkerReport } from './worker-messages.js'

export interface Started extends Running {
  readonly publicPort: number
  readonly internalPort: number
}
export type StartServer = (config: Config, log: Logger) => Promise<Started>

/** Resolves when the worker has stopped. */
export async function runWorker(startServer: StartServer): Promise<void> {
  const config = await startOrder()
  const requests = stopRequests()
  try {
    const log = createLog(config)
    const server = await startServer(config, log)
    report({ report: 'ready', publicPort: server.publicPort, internalPort: server.internalPort })
    await runUntilStopped(server, requests, log)
  } catch (error) {
    report({ report: 'failed', reason: error instanceof Error ? error.message : String(error) })
    process.exitCode = 1
  } finally {
    if (process.connected) process.disconnect()
  }
}

function startOrder(): Promise<Config> {
  return new Promise((resolve) => {
    process.once('message', (message: WorkerOrder) => {
      if (message.order === 'start') resolve(message.config)
    })
  })
}

/** What the supervisor orders, beside signals: those of the terminal reach every process, so they come to the same. */
function stopRequests(): Pick<StopRequests, 'first' | 'second'> {
  const { first, second } = stopSignals()
  const drain = orderOf('drain')
  const stop = Promise.race([orderOf('stop'), supervisorGone()])
  return { first: Promise.race([first, drain, stop]), second: Promise.race([second, stop]) }
}

function orderOf(order: WorkerOrder['order']): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message: WorkerOrder) => {
      if (message.order === order) resolve()
    })
  })
}

const supervisorGone = (): Promise<void> => new Promise((resolve) => process.once('disconnect', () => resolve()))

function report(message: WorkerReport): void {
  if (process.connected) process.send?.(message)
}
