/**
 * Fake node: what a balancer needs to see of a node: a public port that takes PROXY v2 and an internal one with /readyz. It
 * answers every connection with its own name and the client's address as the header gave it.
 */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export interface FakeNode {
  readonly port: number
  readonly internalPort: number
  ready: boolean
  close(): void
}

export async function startFakeNode(name: string): Promise<FakeNode> {
  const open = new Set<Socket>()
  const gate = createServer((socket) => {
    open.add(socket)
    socket.once('data', (header: Buffer) => socket.write(`${name} ${proxySource(header)}\n`))
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
  })
  const internal = createHttpServer((_, response) => response.writeHead(node.ready ? 200 : 503).end())
  const node = {
    port: await listening(gate),
    internalPort: await listening(internal),
    ready: true,
    close() {
      gate.close()
      internal.close()
      internal.closeAllConnections()
      for (const socket of open) socket.destroy()
    },
  }
  return node
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** Address and port of the client, of a PROXY v2 header for TCP over IPv4 (haproxy.org, proxy-protocol.txt, section 2.2). */
function proxySource(header: Buffer): string {
  if (!header.subarray(0, 12).equals(SIGNATURE)) return 'without a PROXY v2 header'
  if (header[12] !== 0x21 || header[13] !== 0x11) return 'with a header that is not for TCP over IPv4'
  return `${[...header.subarray(16, 20)].join('.')}:${header.readUInt16BE(24)}`
}
