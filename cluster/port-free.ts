/**
 * Port free: whether this process may listen on a port, with an error that says what to do when it may not. uWebSockets.js
 * only says no; and workers that share their port would silently share it with any program that also allows sharing.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Why a port cannot be listened on. */
export class PortError extends Error {
  readonly code: 'port-taken' | 'port-denied' | 'host-unknown'
  readonly port: number
  constructor(code: PortError['code'], host: string, port: number) {
    super(`${code}: ${REASONS[code](host, port)}`)
    this.name = 'PortError'
    this.code = code
    this.port = port
  }
}

const REASONS = {
  'port-taken': (host: string, port: number) =>
    `port ${port} on ${host} is in use by another program; stop it or choose another port`,
  'port-denied': (host: string, port: number) =>
    `this user may not listen on port ${port} of ${host}; choose a port above 1023`,
  'host-unknown': (host: string, port: number) => `this machine has no address ${host} to listen on (port ${port})`,
}

/** Rejects with PortError when somebody listens there, also somebody who shares. A supervisor asks before it starts workers. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const probe = createServer().listen({ host, port, exclusive: true })
  try {
    await once(probe, 'listening')
  } catch (error) {
    throw portError(error, host, port)
  }
  probe.close()
  await once(probe, 'close')
}

function portError(error: unknown, host: string, port: number): PortError {
  const errno = (error as NodeJS.ErrnoException).code
  if (errno === 'EACCES') return new PortError('port-denied', host, port)
  if (errno === 'EADDRNOTAVAIL' || errno === 'ENOTFOUND') return new PortError('host-unknown', host, port)
  return new PortError('port-taken', host, port)
}
