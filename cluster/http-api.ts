/**
 * HTTP API: what other servers may ask of the node, under /api/v1 on the public port, by API key. Takes a request apart, finds
 * its row in http-routes.ts, checks key and input, and answers JSON. No exception leaves it; an unexpected one is answered
 * `internal` and logged without the request's content.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import type { Counters } from '../actors/counters.js'
import type { Logger } from '../actors/logger.js'
import type { NodePort } from '../actors/transport.js'
import { FrameError } from '../protocol/codec.js'
import type { ApiKeys } from './api-keys.js'
import { Exchange } from './http-answer.js'
import { readJson } from './http-body.js'
import { failureAnswer, HttpFailure } from './http-errors.js'
import { conversationId, parseInput } from './http-input.js'
import type { Route } from './http-route.js'
import { routes } from './http-routes.js'
import type { Peer, ProxyPeers } from './proxy-peer.js'

export interface HttpApiOptions {
  readonly node: NodePort
  readonly counters: Counters
  readonly log: Logger
  readonly keys: ApiKeys
}

const API_PREFIX = '/api/v1'

/** What is read from a request before its handler returns. */
interface RequestHead {
  readonly method: string
  /** Below the prefix. */
  readonly path: string
  readonly query: string
  readonly authorization: string
  readonly peer: Peer
}

/** Routes for `GatewayOptions.routes`. */
export function httpApi(options: HttpApiOptions): (app: TemplatedApp, peers: ProxyPeers) => void {
  return (app, peers) => {
    const handle = (response: HttpResponse, request: HttpRequest): void => {
      const head = headOf(request, peers.of(response))
      void serve(options, response, head, new Exchange(response, head.peer.proxied))
    }
    // Each method by name, because uWebSockets.js prefers another module's `get('/*')` to `any`.
    app.get(`${API_PREFIX}/*`, handle).post(`${API_PREFIX}/*`, handle).any(`${API_PREFIX}/*`, handle)
  }
}

const headOf = (request: HttpRequest, peer: Peer): RequestHead => ({
  method: request.getMethod().toUpperCase(),
  path: request.getUrl().slice(API_PREFIX.length),
  query: request.getQuery(),
  authorization: request.getHeader('authorization'),
  peer,
})

async function serve(options: HttpApiOptions, response: HttpResponse, head: RequestHead, exchange: Exchange) {
  try {
    const body = JSON.stringify(await run(options, response, head))
    exchange.answer({ status: '200 OK', type: 'application/json', body })
  } catch (error) {
    exchange.answer(failureAnswer(asFailure(error, options.log, head)))
  }
}

function asFailure(error: unknown, log: Logger, { method, path }: RequestHead): HttpFailure {
  if (error instanceof HttpFailure) return error
  if (error instanceof FrameError) return new HttpFailure(error.error, error.message)
  log.error({ err: error, method, path }, 'an API request failed')
  return new HttpFailure('internal')
}

async function run(options: HttpApiOptions, response: HttpResponse, head: RequestHead): Promise<unknown> {
  const { route, conversation } = find(head)
  if (head.peer.forged) throw new HttpFailure('forged-proxy')
  if (!route.open) authorize(options.keys, head.authorization)
  const raw = route.method === 'GET' ? Object.fromEntries(new URLSearchParams(head.query)) : await readJson(response)
  const { node, counters } = options
  return route.run({ node, counters, conversation, input: parseInput(route.input, raw) })
}

function authorize(keys: ApiKeys, authorization: string): void {
  if (keys.accepts(authorization)) return
  const detail = keys.configured ? '' : 'the API is off: no API key is configured'
  throw new HttpFailure('unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer' } })
}

function find({ method, path }: RequestHead): { route: Route; conversation: string } {
  const allowed = []
  for (const route of routes) {
    const conversation = match(route.path, path)
    if (conversation === null) continue
    if (route.method === method) return { route, conversation: checked(conversation) }
    allowed.push(route.method)
  }
  if (allowed.length === 0) throw new HttpFailure('no-such-route')
  throw new HttpFailure('wrong-method', '', { headers: { Allow: allowed.join(', ') } })
}

/** The still encoded conversation of a path that fits, '' when it has none; null when the path does not fit. */
function match(pattern: string, path: string): string | null {
  const [before = '', after] = pattern.split('{conversation}')
  if (after === undefined) return path === pattern ? '' : null
  if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) return null
  const part = path.slice(before.length, path.length - after.length)
  return part.includes('/') ? null : part
}

function checked(encoded: string): string {
  if (encoded === '') return ''
  try {
    return parseInput(conversationId, decodeURIComponent(encoded))
  } catch {
    throw new HttpFailure('bad-id', 'the path holds no well-formed conversation id')
  }
}
