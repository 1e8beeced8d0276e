/**
 * The process of the peer `ws`: the relay of uws-server.ts on the package ws, `ws-server.js PORT`. A user's socket from a Map, groups
 * by a loop over a Set, as the documentation of ws broadcasts; its documented heartbeat ends connections that answer no ping.
 */
import { WebSocketServer, type WebSocket } from 'ws'
import { contentOf, JOINED, nameOf, PLAIN } from './plain-frame.js'

const PING_MS = 30_000
const BINARY = { binary: true }

const sockets = new Map<string, WebSocket>()
const groups = new Map<string, Set<WebSocket>>()
const answering = new WeakSet<WebSocket>()

function take(socket: WebSocket, frame: Buffer): void {
  switch (frame[0]) {
    case PLAIN.direct:
      sockets.get(nameOf(frame))?.send(contentOf(frame), BINARY)
      return
    case PLAIN.group:
      for (const member of groups.get(nameOf(frame)) ?? []) member.send(contentOf(frame), BINARY)
      return
    case PLAIN.join:
      join(socket, nameOf(frame))
      return
    case PLAIN.echo:
      socket.send(contentOf(frame), BINARY)
      return
    default:
      socket.close(1008)
  }
}

function join(socket: WebSocket, name: string): void {
  let members = groups.get(name)
  if (members === undefined) groups.set(name, (members = new Set()))
  members.add(socket)
  socket.once('close', () => members.delete(socket))
  socket.send(JOINED)
}

function pingAll(): void {
  for (const socket of sockets.values()) {
    if (!answering.delete(socket)) socket.terminate()
    else socket.ping()
  }
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  backlog: 512,
  perMessageDeflate: false,
  clientTracking: false,
  maxPayload: 512 * 1024,
})
server.on('connection', (socket, request) => {
  const user = new URL(request.url ?? '', 'ws://host').searchParams.get('user') ?? ''
  sockets.set(user, socket)
  answering.add(socket)
  socket.on('message', (data: Buffer) => take(socket, data))
  socket.on('pong', () => answering.add(socket))
  socket.on('error', () => socket.terminate())
  socket.on('close', () => sockets.delete(user))
})
setInterval(pingAll, PING_MS)
