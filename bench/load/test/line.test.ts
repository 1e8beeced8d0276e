import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'
import { Line } from '../line.js'

interface Ends {
  readonly line: Line
  readonly socket: WebSocket
  /** The next message at the client. */
  next(): Promise<Buffer>
  readonly closed: Promise<number>
}

async function connected(t: Test): Promise<Ends> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  t.teardown(() => server.close())
  const accepted = once(server, 'connection')
  const received: Buffer[] = []
  let arrived: () => void = () => undefined
  let close: (code: number) => void = () => undefined
  const closed = new Promise<number>((resolve) => (close = resolve))
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`
  const line = await Line.dial(url, 'rookery.msgpack.v1', {
    message(data) {
      received.push(Buffer.from(data))
      arrived()
    },
    closed: close,
  })
  const [socket] = (await accepted) as [WebSocket]
  t.teardown(() => socket.terminate())
  const next = async () => {
    while (received.length === 0) await new Promise<void>((resolve) => (arrived = resolve))
    return received.shift() as Buffer
  }
  return { line, socket, next, closed }
}

t.test('line: messages of every length field go both ways', async (t) => {
  const { line, socket, next } = await connected(t)
  socket.on('message', (data) => socket.send(data))
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
    const sent = Buffer.alloc(length, 'abc')
    line.send(sent)
    t.ok(sent.equals(await next()), `${length} bytes`)
  }
})

t.test('line: many messages of one turn arrive one by one, in order', async (t) => {
  const { line, socket, next } = await connected(t)
  socket.on('message', (data) => socket.send(data))
  for (let n = 0; n < 1000; n++) line.send(Buffer.from(String(n)))
  for (let n = 0; n < 1000; n++) t.equal((await next()).toString(), String(n))
})

t.test('line: a message in fragments arrives whole, pings in between are answered', async (t) => {
  const { socket, next } = await connected(t)
  const pong = once(socket, 'pong')
  socket.send('one ', { fin: false })
  socket.ping('x')
  socket.send('message', { fin: true })
  t.equal((await next()).toString(), 'one message')
  t.equal(String((await pong)[0]), 'x')
})

t.test('line: the close code is told', async (t) => {
  const { socket, closed } = await connected(t)
  socket.close(3503, 'displaced')
  t.equal(await closed, 3503)
})

t.test('line: a broken connection has no close code', async (t) => {
  const { socket, closed } = await connected(t)
  socket.terminate()
  t.equal(await closed, 1006)
})

t.test('line: a refused upgrade rejects with the status', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient: () => false })
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`
  await t.rejects(Line.dial(url, 'any', { message: () => undefined, closed: () => undefined }), /401 Unauthorized/)
})
