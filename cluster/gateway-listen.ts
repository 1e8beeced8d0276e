/**
 * Gateway listen: opens the public port for a uWebSockets.js app, alone or together with the other workers of this machine
 * (SO_REUSEPORT: the kernel spreads new connections over them).
 */
import { us_listen_socket_close, us_socket_local_port, type TemplatedApp, type us_listen_socket } from 'uWebSockets.js'
import { assertPortFree, PortError } from './port-free.js'

export interface Listening {
  /** The port listened on. */
  readonly port: number
  /** Takes no more connections; those there are stay. */
  stop(): void
}

/** Takes host and options together, which the package's types leave out. */
type Listen = (host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void) => void

/** LIBUS_LISTEN_DEFAULT (with SO_REUSEPORT) and LIBUS_LISTEN_EXCLUSIVE_PORT of uSockets' libusockets.h. */
const SHARED = 0
const EXCLUSIVE = 1

/** Rejects with PortError. */
export async function listen(app: TemplatedApp, host: string, port: number, shared: boolean): Promise<Listening> {
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    ;(app.listen.bind(app) as unknown as Listen)(host, port, shared ? SHARED : EXCLUSIVE, resolve)
  })
  if (socket !== false) return listening(socket)
  await assertPortFree(host, port)
  throw new PortError('port-taken', host, port)
}

function listening(socket: us_listen_socket): Listening {
  let open = true
  return {
    port: us_socket_local_port(socket),
    stop() {
      if (open) us_listen_socket_close(socket)
      open = false
    },
  }
}
