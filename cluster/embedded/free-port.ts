/**
 * Free port: asks the kernel for a TCP port nobody listens on. It is free when answered, not reserved: whoever starts a
 * server on it must cope with being beaten to it.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'

export async function freePort(host = '127.0.0.1'): Promise<number> {
  const [port] = await freePorts(1, host)
  return port as number
}

/** Several at once, of which no two are the same. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const probes = await Promise.all(Array.from({ length: count }, () => listen(host)))
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port)
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')))
  return ports
}

async function listen(host: string): Promise<Server> {
  const probe = createServer().listen(0, host)
  await once(probe, 'listening')
  return probe
}
