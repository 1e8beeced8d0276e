import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'
import { BINARY, TEXT, WebSocketLine, type LineReader } from '../web-socket-line.js'

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]

class Reader implements LineReader {
  readonly messages: string[] = []
  #changed: () => void = () => undefined
  reason = ''
  code = 0

  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    this.messages.push(`${opcode} ${bytes.toString('latin1', start, end)}`)
    this.#changed()
  }

  ended(reason: string, code: number): void {
    this.reason = reason
    this.code = code
    this.#changed()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#changed = resolve))
  }
}

async function listening(t: Test, take: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', take)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const echo = (socket: WebSocket) => socket.on('message', (data: Buffer, binary) => socket.send(data, { binary }))

t.test(
  'web socket line: messages of any length arrive as they were sent, in order, on several lines at once',
  async (t) => {
    const url = await listening(t, echo)
    await Promise.all(
      ['a', 'b', 'c'].map(async (letter) => {
        const reader = new Reader()
        const line = await WebSocketLine.open(url, '', reader)
        for (const size of SIZES) line.send(size % 2 ? BINARY : TEXT, 'head', Buffer.alloc(size, letter), 'tail')
        await reader.until(() => reader.messages.length === SIZES.length)
        const sent = SIZES.map((size) => `${size % 2 ? BINARY : TEXT} head${letter.repeat(size)}tail`)
        t.ok(reader.messages.every((message, at) => message === sent[at]))
        line.close()
      }),
    )
  },
)

t.test('web socket line: a ping is answered', async (t) => {
  let answer: (data: Buffer) => void = () => undefined
  const answered = new Promise<Buffer>((resolve) => (answer = resolve))
  const url = await listening(t, (socket) => socket.on('pong', answer).ping('there?'))
  const line = await WebSocketLine.open(url, '', new Reader())
  t.equal(String(await answered), 'there?')
  line.close()
})

t.test('web socket line: a close by the server is told with its code', async (t) => {
  const url = await listening(t, (socket) => socket.close(4001, 'enough'))
  const reader = new Reader()
  await WebSocketLine.open(url, '', reader)
  await reader.until(() => reader.reason !== '')
  t.equal(reader.reason, 'closed with 4001 enough')
  t.equal(reader.code, 4001)
})

t.test('web socket line: a server that refuses, or is not there, is an error', async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'))
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await t.rejects(WebSocketLine.open(url, '', new Reader()), /503 Service Unavailable/)
  server.close()
  await once(server, 'close')
  await t.rejects(WebSocketLine.open(url, '', new Reader()), /ECONNREFUSED/)
})

t.test('web socket line: a line that breaks without a word has the code for that', async (t) => {
  const url = await listening(t, (socket) => socket.terminate())
  const reader = new Reader()
  await WebSocketLine.open(url, '', reader)
  await reader.until(() => reader.reason !== '')
  t.equal(reader.code, 1006)
})

t.test('web socket line: while it pauses nothing is read, and then everything', async (t) => {
  const url = await listening(t, echo)
  const reader = new Reader()
  const line = await WebSocketLine.open(url, '', reader)
  line.sendNow(BINARY, Buffer.from('first'))
  await reader.until(() => reader.messages.length === 1)
  line.pause()
  const other = new Reader()
  const second = await WebSocketLine.open(url, '', other)
  line.sendNow(BINARY, Buffer.from('later'))
  for (const nth of [1, 2, 3]) {
    second.sendNow(BINARY, Buffer.from('x'))
    await other.until(() => other.messages.length === nth)
  }
  t.equal(reader.messages.length, 1, 'although others were answered meanwhile')
  line.resume()
  await reader.until(() => reader.messages.length === 2)
  t.same(reader.messages, [`${BINARY} first`, `${BINARY} later`])
  line.close()
  second.cut()
})
