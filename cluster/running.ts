/**
 * Running: a started server as the process around it sees it (the command line, a worker's process, the supervisor, which is
 * one itself), and how a process runs one until it is told to stop.
 */
import type { Logger } from '../actors/logger.js'

export interface Running {
  /** Hands everything over to other nodes and sees the clients off. Resolves when that is done; never longer than drainSeconds. */
  drain(): Promise<void>
  /** Stops at once, with everything that was started. */
  stop(): Promise<void>
}

/** The wishes that this process stop. */
export interface StopRequests {
  readonly first: Promise<void>
  readonly second: Promise<void>
  /** Adds one, as a signal does. */
  readonly take: () => void
}

/** Resolves when it has stopped. The first request drains, the second one hurries. One that comes while the server starts is served when it has started. */
export async function runUntilStopped(
  running: Running,
  requests: Pick<StopRequests, 'first' | 'second'>,
  log: Logger,
): Promise<void> {
  await requests.first
  log.info({}, 'draining; a second signal stops at once')
  await Promise.race([running.drain(), requests.second])
  await running.stop()
  log.info({}, 'stopped')
}

/**
 * Counts SIGTERM, SIGINT and SIGHUP in any mixture; the third ends the process whatever it is doing. Ctrl-C under `npm start`
 * arrives twice, from the terminal and from npm: what follows within ECHO_MS is an echo.
 */
export function stopSignals(): StopRequests {
  const waiting: (() => void)[] = []
  const request = () => new Promise<void>((resolve) => void waiting.push(resolve))
  let last = -Infinity
  const take = () => {
    if (performance.now() - last < ECHO_MS) return
    last = performance.now()
    const next = waiting.shift() ?? (() => process.exit(1))
    next()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, take)
  return { first: request(), second: request(), take }
}

const ECHO_MS = 300
