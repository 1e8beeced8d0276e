/**
 * Peer `ws`: the package that most Node servers use for WebSockets, as a relay with the same protocol as `uws`. Compression off, as its
 * documentation advises; without bufferutil, its optional native part, as npm installs it.
 */
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { packageVersion } from './installed.js'
import { runServers } from './servers.js'

export const ws: System = {
  name: 'ws',
  method: [
    'One Node process with the package ws: a user’s socket from a Map, groups by a loop over a Set, binary messages forwarded without a copy.',
    'perMessageDeflate and client tracking off; its documented ping every 30 s; users are who their URL says; nothing is stored or acked.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group'],
  install: 'npm ci',
  version: () => packageVersion('ws'),
  start: () =>
    runServers(async (servers) => {
      const [port = 0] = await freePorts(1)
      await servers.startNode('ws', './ws-server.js', port)
      return { protocol: 'plain', urls: [`ws://127.0.0.1:${port}/`] }
    }),
}
