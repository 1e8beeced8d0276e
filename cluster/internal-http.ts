/**
 * Internal HTTP: the port of operators and machines, never of clients: metrics, health, status and the order to drain.
 * The supervisor serves the same paths for all its workers together.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../actors/logger.js'
import type { Metrics } from './metrics.js'
import { assertPortFree } from './port-free.js'

/** What is behind the port. */
export interface Internals {
  readonly metrics: Metrics
  /** Why no new connections should come here; null while they should. */
  unready(): string | null | Promise<string | null>
  /** Shown as JSON; may be a promise. */
  status(): unknown
  /** Begins to drain; answered before it is done. */
  drain(): void
}

export interface InternalHttp {
  readonly port: number
  close(): Promise<void>
}

interface Answer {
  readonly code: number
  readonly type: string
  readonly body: string
}

/** Rejects with PortError. */
export async function serveInternals(
  { internalHost, internalPort }: { readonly internalHost: string; readonly internalPort: number },
  internals: Internals,
  log: Logger,
): Promise<InternalHttp> {
  await assertPortFree(internalHost, internalPort)
  const server = createServer((request, response) => void handle(request, response, internals, log))
  await once(server.listen(internalPort, internalHost), 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) }
}

async function handle(request: IncomingMessage, response: ServerResponse, internals: Internals, log: Logger) {
  const { code, type, body } = await answer(request, internals).catch((error: unknown) => {
    log.error({ err: error, path: request.url }, 'internal request failed')
    return text(500, 'failed: see the log\n')
  })
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}

async function answer({ method = '', url = '' }: IncomingMessage, internals: Internals): Promise<Answer> {
  const path = url.split('?', 1)[0]
  switch (`${method === 'HEAD' ? 'GET' : method} ${path}`) {
    case 'GET /metrics':
      return { code: 200, type: internals.metrics.contentType, body: await internals.metrics.text() }
    case 'GET /healthz':
      return text(200, 'ok\n')
    case 'GET /readyz':
      return readiness(await internals.unready())
    case 'GET /status':
      return { code: 200, type: 'application/json', body: `${JSON.stringify(await internals.status())}\n` }
    case 'POST /drain':
      internals.drain()
      return text(202, 'draining: /status says when it is done\n')
    default:
      return text(404, 'GET /metrics, /healthz, /readyz, /status; POST /drain\n')
  }
}

const text = (code: number, body: string): Answer => ({ code, type: 'text/plain; charset=utf-8', body })

const readiness = (unready: string | null): Answer =>
  unready === null ? text(200, 'ready\n') : text(503, `not ready: ${unready}\n`)

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
