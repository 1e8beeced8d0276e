/** What the tests of the client begin with: a client, and a server that is scripted. */
import type { Test } from 'tap'
import { RookeryClient, type ClientEntry, type ClientOptions } from '../index.js'
import { FakeServer } from './fake-server.js'
import { nextEvent } from './waiting.js'

export const ROOM = 'r:lobby'

export async function start(test: Test, options: Partial<ClientOptions> = {}) {
  const server = await FakeServer.listen()
  const reconnect = { min: 5, max: 20 }
  const client = new RookeryClient({ url: server.url, token: 'good', device: 'd1', reconnect, ...options })
  test.teardown(async () => {
    await client.close()
    await server.close()
  })
  const texts: string[] = []
  client.on('message', (message) => texts.push(message.text))
  return { server, client, texts }
}

export const arrived = (client: RookeryClient, text: string): Promise<ClientEntry> =>
  nextEvent(client, 'message', (message) => message.text === text)
