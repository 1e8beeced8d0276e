/**
 * Process person: a user's device for process tests, the real SDK with a record of everything it was told. What it holds of a
 * conversation is exactly what an application would have shown.
 */
import {
  RookeryClient,
  type ClientEntry,
  type ClientEvents,
  type ClientOptions,
  type ConversationId,
  type UserId,
} from '../../protocol/client/index.js'
import { issueToken } from '../token.js'
import { until } from './process-until.js'

export const SECRET = 'a secret of the process tests, of more than 32 bytes'

export class Person {
  readonly user: UserId
  readonly client: RookeryClient
  readonly entries: ClientEntry[] = []
  readonly receipts: ClientEvents['receipts'][] = []
  readonly signals: ClientEvents['signal'][] = []
  readonly errors: ClientEvents['error'][] = []
  readonly unrecovered: ClientEvents['unrecovered'][] = []
  /** Set when the client does not come back by itself. */
  closed: ClientEvents['closed'] | null = null

  constructor(user: UserId, url: string | readonly string[], options: Partial<ClientOptions> = {}) {
    this.user = user
    this.client = new RookeryClient({
      url,
      device: 'phone',
      token: () => issueToken({ secret: SECRET, user, seconds: 3600 }),
      reconnect: { min: 50, max: 500 },
      ...options,
    })
    this.client.on('entry', (entry) => this.entries.push(entry))
    this.client.on('receipts', (receipts) => this.receipts.push(receipts))
    this.client.on('signal', (signal) => this.signals.push(signal))
    this.client.on('error', (error) => this.errors.push(error))
    this.client.on('unrecovered', (unrecovered) => this.unrecovered.push(unrecovered))
    this.client.on('closed', (closed) => (this.closed = closed))
  }

  /** What was delivered of a conversation, in the order of delivery. */
  of(conversation: ConversationId): ClientEntry[] {
    return this.entries.filter((entry) => entry.conversation === conversation)
  }

  texts(conversation: ConversationId): string[] {
    return this.of(conversation)
      .filter((entry) => entry.kind === 'message')
      .map((entry) => entry.text)
  }

  kinds(conversation: ConversationId): string[] {
    return this.of(conversation).map((entry) => entry.kind)
  }

  /** Resolves when an entry of the conversation has this seq, or a higher one. */
  async has(conversation: ConversationId, seq: number): Promise<void> {
    await until(
      `${this.user} has ${conversation} up to ${String(seq)}`,
      () => (this.of(conversation).at(-1)?.seq ?? 0) >= seq,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it has ${String(this.of(conversation).at(-1)?.seq)}, ${this.client.state}`)
    })
  }

  /** Every entry the user may see, from the first on, page by page. */
  async history(conversation: ConversationId): Promise<ClientEntry[]> {
    const all: ClientEntry[] = []
    for (;;) {
      const page = await this.client.history(conversation, { after: all.at(-1)?.seq ?? 0, limit: 200 })
      all.push(...page.entries)
      if (!page.more || page.entries.length === 0) return all
    }
  }
}
