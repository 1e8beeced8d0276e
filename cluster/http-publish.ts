/**
 * HTTP publish: a message from a server, stored and delivered like any other. Also the only way to send type `system`.
 * Repeating it with the same id answers the same seq.
 */
import { v7 } from 'uuid'
import { z } from 'zod'
import { base64Bytes, utf8Bytes } from '../protocol/bytes.js'
import * as check from '../protocol/checks.js'
import { FrameError } from '../protocol/codec.js'
import { MESSAGE_TYPE, type Body } from '../protocol/entry.js'
import { encodeBody } from '../protocol/entry-codec.js'
import { parseMessageId } from '../protocol/ids.js'
import * as answers from './http-answers.js'
import * as input from './http-input.js'
import { ask, caller, route } from './http-route.js'

const message = z
  .strictObject({
    conversation: input.conversationId,
    sender: input.userId,
    id: input.messageId.optional(),
    type: input.messageType.default('text'),
    content: z.string().optional(),
    contentBase64: z.string().optional(),
    extra: z.record(z.string(), z.unknown()).optional(),
    priority: z.int().min(0).default(0),
    ttl: z.int().min(0).default(0),
  })
  .refine((body) => body.content === undefined || body.contentBase64 === undefined, {
    error: 'give content or contentBase64, not both',
    path: ['content'],
  })

export const publishRoute = route({
  name: 'publish',
  method: 'POST',
  path: '/publish',
  input: message,
  answer: answers.published,
  async run(call) {
    const { sender, id = v7() } = call.input
    const conversation = check.writable(call.input.conversation)
    const body = bodyOf(call.input, id)
    const send = { frame: 'send', ref: 0, conversation, after: null, id: body.id, type: body.type } as const
    const { epoch, seq, time } = await ask(call, caller(sender), { ...send, body: encodeBody(body) }, 'sent')
    return { id, epoch, seq, time }
  },
})

function bodyOf(from: z.output<typeof message>, id: string): Body {
  return {
    id: check.messageId(parseMessageId(id) ?? '', 'id'),
    type: MESSAGE_TYPE[from.type],
    content: check.content(contentOf(from)),
    extra: from.extra === undefined ? null : check.extra(JSON.stringify(from.extra)),
    priority: check.priority(from.priority),
    ttl: check.ttl(from.ttl),
  }
}

function contentOf({ content, contentBase64 }: z.output<typeof message>): Uint8Array {
  if (contentBase64 === undefined) return utf8Bytes(check.wellFormed(content ?? '', 'content'))
  const bytes = base64Bytes(contentBase64)
  if (bytes === undefined) throw new FrameError('bad-frame', 'contentBase64: not standard base64 with padding')
  return bytes
}
