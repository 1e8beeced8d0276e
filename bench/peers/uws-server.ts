/**
 * The process of the peer `uws`: a relay on bare uWebSockets.js, `uws-server.js PORT`. A user's socket from a Map, groups by its own
 * publish; socket settings as Rookery's gateway has them.
 */
import { App, type WebSocket } from 'uWebSockets.js'
import { contentOf, JOINED, nameOf, PLAIN } from './plain-frame.js'

interface User {
  readonly user: string
}

const app = App()
const sockets = new Map<string, WebSocket<User>>()

function take(socket: WebSocket<User>, frame: Buffer): void {
  switch (frame[0]) {
    case PLAIN.direct:
      sockets.get(nameOf(frame))?.send(contentOf(frame), true)
      return
    case PLAIN.group:
      app.publish(nameOf(frame), contentOf(frame), true)
      return
    case PLAIN.join:
      socket.subscribe(nameOf(frame))
      socket.send(JOINED)
      return
    case PLAIN.echo:
      socket.send(contentOf(frame), true)
      return
    default:
      socket.end(1008)
  }
}

app.ws<User>('/*', {
  compression: 0,
  idleTimeout: 90,
  sendPingsAutomatically: true,
  maxPayloadLength: 512 * 1024,
  maxBackpressure: 16 * 1024 * 1024,
  closeOnBackpressureLimit: false,
  upgrade(response, request, context) {
    const header = (name: string) => request.getHeader(`sec-websocket-${name}`)
    const data = { user: request.getQuery('user') ?? '' }
    response.upgrade(data, header('key'), header('protocol'), header('extensions'), context)
  },
  open: (socket) => void sockets.set(socket.getUserData().user, socket),
  message: (socket, data) => take(socket, Buffer.from(data)),
  close: (socket) => void sockets.delete(socket.getUserData().user),
})

app.listen('127.0.0.1', Number(process.argv[2]), (listening) => {
  if (listening === false) process.exit(1)
})
