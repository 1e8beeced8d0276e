import t from 'tap'
import { encodeBody } from '../../entry-codec.js'
import type { ServerFrame } from '../../frames.js'
import { RawClient, type RawListener } from '../wire.js'
import { FakeServer } from './fake-server.js'
import { within } from './waiting.js'

const ROOM = 'r:lobby'

function recorder() {
  const contents: string[] = []
  const frames: ServerFrame[] = []
  const closes: number[] = []
  const listener: RawListener = {
    push: ({ bytes, contentStart, contentEnd }) =>
      contents.push(Buffer.from(bytes.subarray(contentStart, contentEnd)).toString()),
    frame: (frame) => frames.push(frame),
    closed: (code) => closes.push(code),
  }
  return { contents, frames, closes, listener }
}

t.test(
  'raw client: sends bodies, follows pushes without decoding them, counts gaps and repeats, tells marks',
  async (t) => {
    const server = await FakeServer.listen()
    t.teardown(() => server.close())
    const { contents, frames, closes, listener } = recorder()
    const client = await RawClient.connect(server.url, 'good', 'd1', listener)
    const content = new TextEncoder().encode('raw')
    const body = encodeBody({ id: '', type: 1, content, extra: '{"a":[1]}', priority: 0, ttl: 0 })
    const ref = client.send(ROOM, body)
    await server.until('the send', () => server.newest.received('send').length === 1)
    const two = server.append(ROOM, '2')
    server.append(ROOM, '3')
    server.newest.send(two, server.append(ROOM, '4'), two)
    const ping = client.nextRef()
    client.command({ frame: 'ping', ref: ping })
    await server.until('the ping', () => server.newest.received('ping').length === 1)
    server.newest.close('displaced')
    await server.newest.closed
    client.mark()
    t.same(contents, ['raw', '2', '4', '2'])
    t.same(client.counters, { pushes: 4, gaps: 1, duplicates: 1 })
    t.same(client.positions.get(ROOM), { epoch: 1, seq: 4 })
    t.match(frames, [{ frame: 'welcome' }, { frame: 'sent', ref, seq: 1 }, { frame: 'pong', ref: ping, pushes: 4 }])
    t.same(closes, [3503])
  },
)

t.test('raw client: marks are cut into frames, and told once', async (t) => {
  const server = await FakeServer.listen()
  t.teardown(() => server.close())
  const { listener } = recorder()
  let onPush: () => void = () => undefined
  const client = await RawClient.connect(server.url, 'good', 'd1', { ...listener, push: () => onPush() })
  const pushed = new Promise<void>((resolve) => {
    onPush = () => {
      if (client.counters.pushes === 150) resolve()
    }
  })
  server.newest.send(...Array.from({ length: 150 }, (_, i) => server.append(`r:${String(i)}`, 'x')))
  await within('150 pushes', pushed)
  client.mark()
  client.mark()
  await server.until('marks', () => server.newest.received('received').length === 2)
  t.same(
    server.newest.received('received').map(({ positions }) => positions.length),
    [100, 50],
  )
  client.cut()
  await server.newest.closed
})

t.test('raw client: a refused token rejects', async (t) => {
  const server = await FakeServer.listen()
  t.teardown(() => server.close())
  await t.rejects(RawClient.connect(server.url, 'bad', 'd1', recorder().listener), { code: 'connection-lost' })
})
