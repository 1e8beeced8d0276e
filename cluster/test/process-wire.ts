/**
 * Process wire: the TCP line between one node and nats-server, through the test, which may hold back what the server says and
 * read what the node says. So a test decides what a node knows of the world when it wakes.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #fromServer = new Set<Socket>()
  #heard = ''
  #held = false

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, '127.0.0.1')))
  }

  /** A wire to a server that listens on this port of this machine. */
  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port)
    await once(wire.#server.listen(0, '127.0.0.1'), 'listening')
    return wire
  }

  get url(): string {
    return `nats://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  /** The server's words wait here from now on. */
  hold(): void {
    this.#held = true
    this.#heard = ''
    for (const socket of this.#fromServer) socket.pause()
  }

  release(): void {
    this.#held = false
    for (const socket of this.#fromServer) socket.resume()
  }

  /** Whether the node has said this since `hold`. */
  said(text: string): boolean {
    return this.#heard.includes(text)
  }

  #join(client: Socket, server: Socket): void {
    this.#fromServer.add(server)
    client.on('data', (data) => {
      if (this.#held) this.#heard += data.toString('latin1')
      server.write(data)
    })
    server.on('data', (data) => client.write(data))
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        this.#fromServer.delete(one)
        other.destroy()
      })
    }
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close')
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
