/**
 * The protocols in which load generators speak, by their names in a target.
 */
import type { LoadProtocol } from '../load-client.js'
import type { Target } from '../target.js'
import { rookery } from './rookery.js'

export const PROTOCOLS: Readonly<Partial<Record<Target['protocol'], LoadProtocol>>> = { rookery }
