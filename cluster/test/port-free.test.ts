/** A taken port is an error that names it. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { assertPortFree } from '../port-free.js'

t.test('port free: a port in use is refused by name, a free one passes', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await t.rejects(assertPortFree('127.0.0.1', port), { code: 'port-taken', port, message: new RegExp(String(port)) })
  server.close()
  await once(server, 'close')
  await assertPortFree('127.0.0.1', port)
})

t.test('port free: an address that is not this machine is refused by name', async (t) => {
  await t.rejects(assertPortFree('192.0.2.1', 0), { code: 'host-unknown' })
})
