/**
 * Peer `socket.io`: what most people would build a chat on, as its documentation advises for speed: WebSocket only, compression off, the
 * request of the handshake let go, content as text, because a binary argument would be a second WebSocket message. It stores nothing,
 * and acks nothing unless `SOCKET_IO_ACKS` is set: then by callback, before the recipient has anything. Several nodes are joined by its
 * Redis adapter and a real redis-server, clients spread over them by turns.
 */
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { packageVersion } from './installed.js'
import { runServers } from './servers.js'

export const socketIo: System = {
  name: 'socket.io',
  method: [
    'Socket.IO 4 on ws, WebSocket only, no compression, default parser and heartbeats; content as base64 text, since a binary argument would be a second WebSocket message.',
    'Alone, a user’s socket by the room of its id and groups as rooms; three nodes with its Redis adapter, then each user has a room. Nothing is stored; acks by callback only where a suite asks for them.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group', 'cross'],
  install: 'npm ci && apt-get install redis-server',
  version: () => packageVersion('socket.io'),
  start: ({ nodes, env }) =>
    runServers(async (servers) => {
      const redis = nodes > 1 ? [await servers.startStorage('redis')] : []
      const ports = await freePorts(nodes)
      for (const [at, port] of ports.entries()) {
        await servers.startNode(`socket.io-${at + 1}`, './socket-io-server.js', port, redis)
      }
      const query = env?.['SOCKET_IO_ACKS'] === undefined ? '' : '?acks'
      return { protocol: 'socket.io', urls: ports.map((port) => `ws://127.0.0.1:${port}/${query}`) }
    }),
}
