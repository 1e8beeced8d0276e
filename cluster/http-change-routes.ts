/**
 * HTTP change routes: making a conversation and changing who is in it, as entries like those of a client. `by` is the user the
 * entry names as its author; without it the system is.
 */
import { v7 } from 'uuid'
import { z } from 'zod'
import type { Change } from '../protocol/frames.js'
import * as check from '../protocol/checks.js'
import type { ConversationId, UserId } from '../protocol/ids.js'
import * as answers from './http-answers.js'
import * as input from './http-input.js'
import { ask, caller, route, SYSTEM_USER, type Route, type RouteCall } from './http-route.js'

const by = input.userId.default(SYSTEM_USER)
const who = z.strictObject({ user: input.userId })
const several = z.strictObject({ users: input.userIds, by })

async function change(call: RouteCall<unknown>, author: UserId, command: Change) {
  const { epoch, seq, time } = await ask(call, caller(author), command, 'sent')
  return { conversation: command.conversation, epoch, seq, time }
}

const create = route({
  name: 'create',
  method: 'POST',
  path: '/conversations',
  input: z.strictObject({
    conversation: input.conversationId.optional(),
    owner: input.userId,
    title: input.title.default(''),
    open: z.boolean().default(false),
    users: input.otherUsers.default([]),
  }),
  answer: answers.changed,
  async run(call) {
    const { owner, title, open, users } = call.input
    const conversation = check.creatable(call.input.conversation ?? `g:${v7()}`)
    return change(call, owner, { frame: 'create', ref: 0, conversation, title, open, users })
  },
})

/** A row for `POST /conversations/{conversation}/<name>`. */
function changeRoute<Input extends z.ZodType>(
  name: string,
  shape: Input,
  command: (conversation: ConversationId, input: z.output<Input>) => { author: UserId; change: Change },
): Route {
  return route({
    name,
    method: 'POST',
    path: `/conversations/{conversation}/${name}`,
    input: shape,
    answer: answers.changed,
    async run(call) {
      const made = command(check.writable(call.conversation), call.input)
      return change(call, made.author, made.change)
    },
  })
}

export const changeRoutes: readonly Route[] = [
  create,
  changeRoute('join', who, (conversation, { user }) => ({
    author: user,
    change: { frame: 'join', ref: 0, conversation },
  })),
  changeRoute('leave', who, (conversation, { user }) => ({
    author: user,
    change: { frame: 'leave', ref: 0, conversation },
  })),
  changeRoute('add', several, (conversation, { users, by }) => ({
    author: by,
    change: { frame: 'add', ref: 0, conversation, users },
  })),
  changeRoute('remove', several, (conversation, { users, by }) => ({
    author: by,
    change: { frame: 'remove', ref: 0, conversation, users },
  })),
  changeRoute(
    'role',
    z.strictObject({ user: input.userId, role: input.role, by }),
    (conversation, { user, role, by }) => ({
      author: by,
      change: { frame: 'role', ref: 0, conversation, user, role },
    }),
  ),
  changeRoute('rename', z.strictObject({ title: input.title, by }), (conversation, { title, by }) => ({
    author: by,
    change: { frame: 'rename', ref: 0, conversation, title },
  })),
]
