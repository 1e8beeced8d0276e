/**
 * NewMessage: what an application gives to `send`, and its way into the form that travels. What the server would refuse
 * in any case is refused here.
 */
import { encodeBody } from '../entry-codec.js'
import { MESSAGE_TYPE, type MessageType } from '../entry.js'
import { parseMessageId, type ConversationId, type MessageId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { RookeryError } from './client-error.js'
import type { Outgoing } from './outbox.js'

export interface NewMessage {
  /** `text` by default. */
  readonly type?: MessageType
  /** At most LIMITS.contentBytes. */
  readonly content: string | Uint8Array
  /** A JSON object, at most LIMITS.extraBytes. */
  readonly extra?: object
  /** 0 to 9, above 5 is high; 0 by default. */
  readonly priority?: number
  /** Seconds after which it is no longer delivered; 0, the default, for never. */
  readonly ttl?: number
  /** A UUIDv7 of 36 characters, to send once what may have been sent before. */
  readonly id?: string
}

const utf8 = new TextEncoder()

/** Throws `bad-id`, `unknown-type`, `too-large` or `bad-frame`. */
export function compose(conversation: ConversationId, message: NewMessage, nextId: () => MessageId): Outgoing {
  const { type = 'text', priority = 0, ttl = 0 } = message
  const id = message.id === undefined ? nextId() : parseMessageId(message.id)
  if (id === undefined) throw new RookeryError('bad-id', 'a message id is a UUIDv7 of 36 characters')
  if (!Object.hasOwn(MESSAGE_TYPE, type)) throw new RookeryError('unknown-type', type)
  if (!isUpTo(priority, LIMITS.priority)) throw new RookeryError('bad-frame', 'priority: 0 to 9')
  if (!isUpTo(ttl, LIMITS.ttlSeconds)) throw new RookeryError('bad-frame', 'ttl: whole seconds, at most ten years')
  const content = contentBytes(message.content)
  const body = encodeBody({ id, type: MESSAGE_TYPE[type], content, extra: extraText(message.extra), priority, ttl })
  return { conversation, id, type: MESSAGE_TYPE[type], priority, body }
}

const isUpTo = (n: number, highest: number): boolean => Number.isInteger(n) && n >= 0 && n <= highest

function contentBytes(content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? utf8.encode(content) : content
  if (bytes.length > LIMITS.contentBytes) throw new RookeryError('too-large', 'content')
  return bytes
}

function extraText(extra: object | undefined): string | null {
  if (extra === undefined) return null
  const text = JSON.stringify(extra)
  if (utf8.encode(text).length > LIMITS.extraBytes) throw new RookeryError('too-large', 'extra')
  return text
}
