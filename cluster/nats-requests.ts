/**
 * NATS requests: question and answer over one wildcard subscription, without the promises, timers and stack traces that the
 * client's own request makes for each. A request says how it ended instead of throwing: the journal needs to know whether
 * something can have been stored.
 */
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from 'nats'
import { Numbered } from '../actors/numbered.js'

export type Reply =
  | { readonly kind: 'answer'; readonly data: Uint8Array }
  /** The server knows nobody who takes this subject: it was delivered to nobody. */
  | { readonly kind: 'nobody' }
  /** It never left this process. */
  | { readonly kind: 'unsent'; readonly reason: string }
  /** It was sent, and no answer came. */
  | { readonly kind: 'lost'; readonly reason: string }

interface Pending {
  readonly token: number
  readonly resolve: (reply: Reply) => void
  readonly timer: NodeJS.Timeout
}

export class NatsRequests {
  private readonly connection: NatsConnection
  private readonly prefix = `${createInbox()}.`
  private readonly pending = new Numbered<Pending>()

  constructor(connection: NatsConnection) {
    this.connection = connection
    connection.subscribe(`${this.prefix}*`, { callback: (_error, message) => this.take(message) })
  }

  ask(subject: string, data: Uint8Array, timeoutMs: number, headers?: MsgHdrs): Promise<Reply> {
    return new Promise((resolve) => {
      const token = this.pending.next
      try {
        const reply = this.prefix + token.toString(36)
        this.connection.publish(subject, data, headers ? { reply, headers } : { reply })
      } catch (error) {
        resolve({ kind: 'unsent', reason: String(error) })
        return
      }
      const late = () => this.settle(token, { kind: 'lost', reason: `no answer in ${timeoutMs} ms` })
      this.pending.add({ token, resolve, timer: setTimeout(late, timeoutMs) })
    })
  }

  /** Ends all requests under way: their answers can no longer come. */
  loseAll(reason: string): void {
    for (const pending of this.pending.values()) this.settle(pending.token, { kind: 'lost', reason })
  }

  private take(message: Msg): void {
    const token = parseInt(message.subject.slice(this.prefix.length), 36)
    const nobody = message.data.length === 0 && message.headers?.code === 503
    this.settle(token, nobody ? { kind: 'nobody' } : { kind: 'answer', data: message.data })
  }

  private settle(token: number, reply: Reply): void {
    const pending = this.pending.take(token)
    if (!pending) return
    clearTimeout(pending.timer)
    pending.resolve(reply)
  }
}
