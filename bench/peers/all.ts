/**
 * All peers, in the order of a report: from the floor up, then those that store.
 */
import type { System } from '../system.js'
import { ejabberd } from './ejabberd.js'
import { mosquitto } from './mosquitto.js'
import { nats } from './nats.js'
import { socketIo } from './socket-io.js'
import { uws } from './uws.js'
import { ws } from './ws.js'

export const PEERS: readonly System[] = [uws, ws, socketIo, nats, mosquitto, ejabberd]
