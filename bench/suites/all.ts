/**
 * All suites, in the order in which they are listed and run.
 */
import type { Suite } from '../suite.js'
import { connect } from './connect.js'
import { cross } from './cross.js'
import { direct } from './direct.js'
import { echo } from './echo.js'
import { group } from './group.js'
import { idle } from './idle.js'
import { latency } from './latency.js'
import { ROOKERY_SUITES } from './rookery-only.js'
import { room } from './room.js'
import { smoke } from './smoke.js'

export const SUITES: readonly Suite[] = [
  ...[smoke, idle, connect, echo, direct, group, room, cross, latency],
  ...ROOKERY_SUITES,
]
