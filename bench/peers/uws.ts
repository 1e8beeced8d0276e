/**
 * Peer `uws`: bare uWebSockets.js, the floor under everything that is built on it, Rookery included. The same package, the same socket
 * settings and the same payloads as Rookery's gateway; no auth beyond a user name in the URL, no store, no acks, no presence, no second
 * node. What Rookery costs above this is what its promises cost.
 */
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { packageVersion } from './installed.js'
import { runServers } from './servers.js'

export const uws: System = {
  name: 'uws',
  method: [
    'One process with bare uWebSockets.js: a user’s socket from a Map, groups by its topic publish, binary messages forwarded without a copy.',
    'Socket settings as Rookery’s gateway; no compression, no TLS; users are who their URL says; nothing is stored or acked.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group'],
  install: 'npm ci',
  version: () => packageVersion('uWebSockets.js'),
  start: () =>
    runServers(async (servers) => {
      const [port = 0] = await freePorts(1)
      await servers.startNode('uws', './uws-server.js', port)
      return { protocol: 'plain', urls: [`ws://127.0.0.1:${port}/`] }
    }),
}
