/**
 * HTTP routes: the table of the HTTP API. Every row turns its input into a command of the protocol, asks the node on behalf of
 * the system (which skips checks of participation and role, never those of ids and sizes) and answers the reply as JSON.
 * The document for people is ops/api/openapi.json; a test keeps the two alike.
 */
import { z } from 'zod'
import type { Counters } from '../actors/counters.js'
import type { HistoryQuery } from '../protocol/frames.js'
import { MESSAGE_TYPE } from '../protocol/entry.js'
import * as answers from './http-answers.js'
import { changeRoutes } from './http-change-routes.js'
import * as input from './http-input.js'
import { openApiDocument } from './http-openapi.js'
import { publishRoute } from './http-publish.js'
import { ask, caller, route, type Route } from './http-route.js'

const conversations = route({
  name: 'conversations',
  method: 'GET',
  path: '/conversations',
  input: z.strictObject({
    user: input.userId,
    cursor: input.cursor.default(''),
    limit: input.limit.default(100),
  }),
  answer: answers.conversationList,
  async run(call) {
    const { user, cursor, limit } = call.input
    const list = await ask(call, caller(user), { frame: 'conversations', ref: 0, cursor, limit }, 'conversationList')
    return answers.jsonOf(list)
  },
})

const participants = route({
  name: 'participants',
  method: 'GET',
  path: '/conversations/{conversation}/participants',
  input: z.strictObject({ cursor: input.cursor.default(''), limit: input.limit.default(100) }),
  answer: answers.participantList,
  async run(call) {
    const { conversation, input: page } = call
    const list = await ask(call, caller(), { frame: 'participants', ref: 0, conversation, ...page }, 'participantList')
    return answers.jsonOf(list)
  },
})

const pageInput = z
  .strictObject({
    before: input.seq.optional(),
    after: input.seq.optional(),
    around: input.seq.optional(),
    limit: input.limit.default(50),
    types: input.messageTypes.default([]),
  })
  .refine((page) => [page.before, page.after, page.around].filter((seq) => seq !== undefined).length <= 1, {
    error: 'give only one of before, after and around',
    path: ['before'],
  })

const messages = route({
  name: 'messages',
  method: 'GET',
  path: '/conversations/{conversation}/messages',
  input: pageInput,
  answer: answers.page,
  async run(call) {
    const { limit, types } = call.input
    const query: HistoryQuery = {
      ...{ frame: 'history', ref: 0, conversation: call.conversation, limit },
      ...directionOf(call.input),
      types: types.map((type) => MESSAGE_TYPE[type]),
    }
    return answers.jsonOf(await ask(call, caller(), query, 'page'))
  },
})

function directionOf(page: z.output<typeof pageInput>): Pick<HistoryQuery, 'direction' | 'seq'> {
  if (page.after !== undefined) return { direction: 'after', seq: page.after }
  if (page.around !== undefined) return { direction: 'around', seq: page.around }
  return { direction: 'before', seq: page.before ?? 0 }
}

const presence = route({
  name: 'presence',
  method: 'POST',
  path: '/presence',
  input: z.strictObject({ users: input.userIds }),
  answer: answers.presenceList,
  async run(call) {
    const { users } = call.input
    return answers.jsonOf(await ask(call, caller(), { frame: 'presence', ref: 0, users }, 'presenceList'))
  },
})

const disconnect = route({
  name: 'disconnect',
  method: 'POST',
  path: '/disconnect',
  input: z.strictObject({ user: input.userId, device: input.deviceId.optional() }),
  answer: z.strictObject({}),
  run({ node, input: { user, device } }) {
    node.disconnect(user, device ?? null, 'disconnected')
    return {}
  },
})

const stats = route({
  name: 'stats',
  method: 'GET',
  path: '/stats',
  input: z.strictObject({}),
  answer: answers.stats,
  run: ({ node, counters }) => ({ ...node.status(), counters: numbersOf(counters) }),
})

const openApi = route({
  name: 'openApi',
  method: 'GET',
  path: '/openapi.json',
  open: true,
  input: z.strictObject({}),
  answer: z.looseObject({ openapi: z.string() }),
  run: () => openApiDocument,
})

/** The plain counts; histograms are for Prometheus. */
function numbersOf(counters: Counters): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => typeof value === 'number'))
}

export const routes: readonly Route[] = [
  publishRoute,
  ...changeRoutes,
  conversations,
  participants,
  messages,
  presence,
  disconnect,
  stats,
  openApi,
]
