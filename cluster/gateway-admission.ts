/**
 * Admission: whether a WebSocket upgrade is accepted, decided from its headers and the gateway's limits before any object is
 * made for it. A refusal is an HTTP answer that says what to do; repeated refusals of one address cost a rate-limit token each.
 */
import { SUBPROTOCOLS, type Codec } from '../protocol/codec.js'
import { codecFor } from '../protocol/codecs.js'
import type { ConnectLimit } from './connect-limit.js'
import type { OriginCheck } from './origin.js'
import type { Peer } from './proxy-peer.js'

interface UpgradeRequest {
  readonly peer: Peer
  /** '' when the header is absent. */
  readonly origin: string
  /** The offered subprotocols, separated by commas. */
  readonly subprotocols: string
}

export interface Refusal {
  readonly status: string
  readonly text: string
  /** Seconds after which to try again; 0 says nothing. */
  readonly retryAfter: number
}

type Admission =
  { readonly admitted: true; readonly codec: Codec } | { readonly admitted: false; readonly refusal: Refusal }

export interface AdmissionRules {
  readonly originAllowed: OriginCheck
  readonly limit: ConnectLimit
  readonly maxConnections: number
}

/** Seconds that a client waits when the node is full; it should meet another one. */
const FULL_RETRY_SECONDS = 5
const OFFER_ONE = `offer one of these subprotocols: ${Object.values(SUBPROTOCOLS).join(', ')}`

/** `now` in milliseconds of a clock that only rises. */
export function admit(request: UpgradeRequest, rules: AdmissionRules, connections: number, now: number): Admission {
  const wait = rules.limit.take(request.peer.address, now)
  if (wait > 0) return refuse('429 Too Many Requests', 'too many connections from this address', Math.ceil(wait / 1000))
  if (request.peer.forged) return refuse('400 Bad Request', 'a PROXY header is only taken from a trusted balancer')
  if (!rules.originAllowed(request.origin)) return refuse('403 Forbidden', 'this origin may not connect')
  const codec = negotiate(request.subprotocols)
  if (codec === undefined) return refuse('400 Bad Request', OFFER_ONE)
  if (connections < rules.maxConnections) return { admitted: true, codec }
  return refuse('503 Service Unavailable', 'this node is full: try again, or another node', FULL_RETRY_SECONDS)
}

/** The codec of the first subprotocol offered that is spoken here. */
function negotiate(offered: string): Codec | undefined {
  for (const name of offered.split(',')) {
    const codec = codecFor(name.trim())
    if (codec !== undefined) return codec
  }
  return undefined
}

function refuse(status: string, text: string, retryAfter = 0): Admission {
  return { admitted: false, refusal: { status, text, retryAfter } }
}
