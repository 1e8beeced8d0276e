/**
 * Peer `mosquitto`: a broker in C, with QoS 1 both ways and persistent sessions: it acks each message to its sender and waits for the
 * ack of each recipient, as Rookery does, but keeps all of it in memory only, which is its default and its fastest. Limits on what may
 * be under way or wait are lifted, since a message dropped is a message not paid for. Its WebSocket listener needs a plain one beside it.
 */
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { installedProgram } from './installed.js'
import { runServers } from './servers.js'

export const mosquitto: System = {
  name: 'mosquitto',
  method: [
    'mosquitto over its WebSocket listener: MQTT 3.1.1, QoS 1 both ways, persistent sessions kept in memory, a topic for each user and each group.',
    'No limit on messages in flight or queued, no TLS, no authentication, no logging of connections; clients ack at once.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group'],
  install: 'apt-get install mosquitto',
  version() {
    const file = installedProgram('mosquitto')
    if (file === undefined) return null
    return /version (\S+)/.exec(spawnSync(file, ['-h'], { encoding: 'utf8' }).stdout)?.[1] ?? null
  },
  start: () =>
    runServers(async (servers) => {
      const [plain = 0, port = 0] = await freePorts(2)
      const config = join(servers.dir, 'mosquitto.conf')
      await writeFile(config, configuration(plain, port))
      const file = installedProgram('mosquitto') ?? 'mosquitto'
      await servers.start({ name: 'mosquitto', file, args: ['-c', config], port })
      return { protocol: 'mqtt', urls: [`ws://127.0.0.1:${port}/`] }
    }),
}

/** As root it would change to a user of its own, and the kernel would no longer end it with us. */
function configuration(plain: number, port: number): string {
  return `user ${userInfo().username}
listener ${plain} 127.0.0.1
protocol mqtt
listener ${port} 127.0.0.1
protocol websockets
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
connection_messages false
sys_interval 0
log_dest stderr
log_type error
log_type warning
`
}
