/**
 * Contenders: who takes part in a suite, Rookery first, and by which names the marks call the others.
 */
import { rookerySystem } from './rookery-system.js'
import type { SuiteContext } from './suite.js'
import type { Ability, System } from './system.js'
import { RUNS } from './turns.js'

/** Names of peers in marks. */
export const UWS = 'uws'
export const SOCKET_IO = 'socket.io'
export const EJABBERD = 'ejabberd'

export const contenders = ({ peers }: SuiteContext, ability: Ability): System[] => [
  rookerySystem,
  ...peers.filter(({ abilities }) => abilities.includes(ability)),
]

/** What every turn-taking suite says of its method, and each system of itself. */
export const contendersMethod = (systems: readonly System[], { quick }: SuiteContext, runs = RUNS): string[] => [
  quick
    ? 'A quick run: each system once, small numbers that mean little, no noise floor.'
    : `Systems take turns, each started afresh for every run; medians of ${String(runs)} runs; Rookery is measured twice per round for the noise floor (A/A).`,
  ...systems.map(({ name, method }) => {
    const text = method.join(' ')
    return text.toLowerCase().startsWith(name) ? text : `${name}: ${text}`
  }),
]
