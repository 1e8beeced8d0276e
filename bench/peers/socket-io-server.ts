/**
 * A process of the peer `socket.io`: a relay on Socket.IO 4, `socket-io-server.js PORT [REDIS_URL]`. With Redis the nodes are joined by
 * its Redis adapter and each user has a room; a node alone takes the room that every socket has by its id anyway, which costs less
 * per delivery than the socket's own emit.
 */
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server, type Socket } from 'socket.io'

type Ack = (() => void) | undefined

const [port, redisUrl] = process.argv.slice(2)
const http = createServer()
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
})
const socketIds = new Map<string, string>()

function toUser(user: string, text: string): void {
  const room = redisUrl === undefined ? socketIds.get(user) : `u:${user}`
  if (room !== undefined) io.to(room).emit('m', text)
}

async function enter(socket: Socket): Promise<void> {
  const { user } = socket.handshake.auth as { user: string }
  socketIds.set(user, socket.id)
  socket.on('disconnect', () => socketIds.delete(user))
  socket.on('d', (to: string, text: string, ack: Ack) => {
    toUser(to, text)
    ack?.()
  })
  socket.on('g', (group: string, text: string, ack: Ack) => {
    io.to(group).emit('m', text)
    ack?.()
  })
  socket.on('e', (text: string) => socket.emit('m', text))
  socket.on('j', (group: string) => void Promise.resolve(socket.join(group)).then(() => socket.emit('j')))
  if (redisUrl !== undefined) await socket.join(`u:${user}`)
}

if (redisUrl !== undefined) io.adapter(createAdapter(new Redis(redisUrl), new Redis(redisUrl)))
// Both are advice of its documentation on memory and on authentication in a middleware.
io.engine.on('connection', (raw: { request: unknown }) => (raw.request = null))
io.use((socket, next) => void enter(socket).then(() => next(), next))
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 512 })
