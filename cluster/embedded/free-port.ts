/**
 * Free port: asks the kernel for a TCP port nobody listens on. It is free when answered, not reserved: whoever starts a
 * server on it must cope with being beaten to it.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

export async function freePort(host = '127.0.0.1'): Promise<number> {
  const probe = createServer().listen(0, host)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
