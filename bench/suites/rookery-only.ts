/**
 * The suites that measure what only Rookery promises, so that peers have no part in them but where a suite says so.
 */
import type { Suite } from '../suite.js'
import { catchup } from './catchup.js'
import { durable } from './durable.js'
import { failover } from './failover.js'
import { history } from './history.js'
import { hundred } from './hundred.js'
import { micro } from './micro.js'
import { metrics } from './metrics.js'
import { presence } from './presence.js'
import { replay } from './replay.js'
import { slow } from './slow.js'
import { soak } from './soak.js'
import { storm } from './storm.js'

export const ROOKERY_SUITES: readonly Suite[] = [
  ...[failover, storm, catchup, hundred, slow, presence, soak, replay],
  ...[durable, history, micro, metrics],
]
