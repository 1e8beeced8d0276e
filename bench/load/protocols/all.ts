/**
 * The protocols in which load generators speak, by their names in a target.
 */
import type { LoadProtocol } from '../load-client.js'
import type { Target } from '../target.js'
import { PEER_PROTOCOLS } from './peers.js'
import { rookery } from './rookery.js'

export const PROTOCOLS: Readonly<Record<Target['protocol'], LoadProtocol>> = { rookery, ...PEER_PROTOCOLS }
