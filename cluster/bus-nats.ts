/**
 * Bus over core NATS: two subscriptions for a node, whatever the number of users, and no request-reply. What is sent while the
 * line is down is lost. One bus per connection: the connection keeps a node from hearing its own broadcasts.
 */
import type { Bus, NodeId } from '../actors/bus.js'
import type { Logger } from '../actors/logger.js'
import type { NatsLine } from './nats-connection.js'
import { natsNames, type NatsNames } from './nats-subjects.js'

export interface NatsBusOptions {
  readonly cluster: string
  readonly log: Logger
}

export class NatsBus implements Bus {
  private readonly line: NatsLine
  private readonly names: NatsNames
  private readonly log: Logger
  private readonly ends: (() => void)[] = []

  constructor(line: NatsLine, options: NatsBusOptions) {
    this.line = line
    this.names = natsNames(options.cluster)
    this.log = options.log
  }

  async open(node: NodeId, receive: (bytes: Uint8Array) => void): Promise<void> {
    for (const subject of [this.names.nodeSubject(node), this.names.allSubject]) {
      this.ends.push(this.line.subscribe(subject, (message) => receive(message.data)))
    }
    await this.line.flush()
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.publish(this.names.nodeSubject(to), bytes)
  }

  broadcast(bytes: Uint8Array): void {
    this.publish(this.names.allSubject, bytes)
  }

  onLine(listener: (up: boolean) => void): void {
    this.ends.push(this.line.onLine(listener))
  }

  close(): Promise<void> {
    for (const end of this.ends.splice(0)) end()
    return Promise.resolve()
  }

  private publish(subject: string, bytes: Uint8Array): void {
    if (this.line.publish(subject, bytes) || !this.line.isUp) return
    this.log.error({ subject, bytes: bytes.length }, 'a bus message was larger than NATS takes and is lost')
  }
}
