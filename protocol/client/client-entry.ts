/**
 * ClientEntry: an entry as the application sees it. Numbers of the wire are names here, the id has its 36 characters, the
 * content can be read as text. It is made once for each entry and shared by all listeners.
 */
import { ENTRY_KIND, MESSAGE_TYPE, type Entry, type EntryKindName, type MessageType } from '../entry.js'
import { messageIdText, type ConversationId, type DeviceId, type UserId } from '../ids.js'

export type Extra = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder()

function namesByNumber<N extends string>(numbers: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  const names = Object.keys(numbers) as N[]
  return new Map(names.map((name) => [numbers[name], name]))
}

const KINDS = namesByNumber<EntryKindName>(ENTRY_KIND)
const TYPES = namesByNumber<MessageType>(MESSAGE_TYPE)

/** The JSON object of an entry; null when there is none, or none that can be read. */
export function parseExtra(text: string | null): Extra | null {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Extra) : null
  } catch {
    return null
  }
}

export class ClientEntry {
  readonly conversation: ConversationId
  /** What happened; `unknown` for a kind that is newer than this SDK. */
  readonly kind: EntryKindName | 'unknown'
  readonly epoch: number
  readonly seq: number
  /** Messages so far in the conversation, this one included; unread counts are differences of it. */
  readonly ordinal: number
  /** Milliseconds since 1970 by the server's clock. */
  readonly time: number
  readonly sender: UserId
  readonly device: DeviceId
  /** Whether this user sent it, from this device or another. */
  readonly own: boolean
  /** Client message id, 36 characters; '' for a change without one. */
  readonly id: string
  /** Of a message; undefined for a change and for a type that is newer than this SDK. */
  readonly type: MessageType | undefined
  readonly content: Uint8Array
  readonly extra: Extra | null
  readonly priority: number
  /** Seconds; 0 for never. */
  readonly ttl: number

  constructor(entry: Entry, epoch: number, user: UserId) {
    this.conversation = entry.conversation
    this.kind = KINDS.get(entry.kind) ?? 'unknown'
    this.epoch = epoch
    this.seq = entry.seq
    this.ordinal = entry.ordinal
    this.time = entry.time
    this.sender = entry.sender
    this.device = entry.device
    this.own = entry.sender === user
    this.id = entry.id === '' ? '' : messageIdText(entry.id)
    this.type = TYPES.get(entry.type)
    this.content = entry.content
    this.extra = parseExtra(entry.extra)
    this.priority = entry.priority
    this.ttl = entry.ttl
  }

  /** The content as UTF-8. */
  get text(): string {
    return utf8.decode(this.content)
  }
}
