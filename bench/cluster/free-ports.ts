/**
 * Free ports: asks the kernel for TCP ports nobody listens on, all at once so that no two are the same. They are free when
 * answered, not reserved.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'

export async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(Array.from({ length: count }, listen))
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port)
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')))
  return ports
}

async function listen(): Promise<Server> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  return probe
}
