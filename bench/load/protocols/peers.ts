/**
 * Protocols of the peers, by the name that a target gives.
 */
import type { LoadProtocol } from '../load-client.js'
import type { PeerProtocol } from '../target.js'
import { mqtt } from './mqtt.js'
import { nats } from './nats.js'
import { plain } from './plain.js'
import { socketIo } from './socket-io.js'
import { xmpp } from './xmpp.js'

export const PEER_PROTOCOLS: Readonly<Record<PeerProtocol, LoadProtocol>> = {
  plain,
  'socket.io': socketIo,
  xmpp,
  mqtt,
  nats,
}
