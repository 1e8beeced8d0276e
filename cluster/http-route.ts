/**
 * HTTP route: one row of the API: where it is, what it takes, what it answers and how. The rows are in http-routes.ts;
 * http-api.ts finds the row of a request, and a test holds the OpenAPI document against the rows.
 */
import type { z } from 'zod'
import type { Counters } from '../actors/counters.js'
import type { Caller, NodePort } from '../actors/transport.js'
import type { Reply } from '../protocol/frames.js'
import type { ConversationId, UserId } from '../protocol/ids.js'
import { failureOf, HttpFailure } from './http-errors.js'

export interface RouteCall<Input> {
  readonly node: NodePort
  readonly counters: Counters
  /** From the path, well-formed; '' where the path has none. */
  readonly conversation: ConversationId
  readonly input: Input
}

export interface Route {
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** Below /api/v1; may hold `{conversation}`. */
  readonly path: string
  /** Whether it is answered without an API key. */
  readonly open: boolean
  /** The query of a GET, the body of a POST. */
  readonly input: z.ZodType
  readonly answer: z.ZodType
  /** Rejects with HttpFailure. */
  run(call: RouteCall<unknown>): unknown
}

interface RouteRow<Input extends z.ZodType> extends Omit<Route, 'run' | 'open'> {
  readonly open?: boolean
  readonly input: Input
  run(call: RouteCall<z.output<Input>>): unknown
}

/** Types a row by the shape of its input. */
export const route = <Input extends z.ZodType>(row: RouteRow<Input>): Route => ({
  open: false,
  ...row,
})

/** The author of what nobody in particular does. */
export const SYSTEM_USER = 'system'

export const caller = (user: UserId = SYSTEM_USER): Caller => ({ user, device: 'api', system: true })

/** Asks the node and answers the reply that was expected; anything else is thrown as HttpFailure. */
export async function ask<Frame extends Reply['frame']>(
  { node }: Pick<RouteCall<unknown>, 'node'>,
  as: Caller,
  command: Parameters<NodePort['ask']>[1],
  expected: Frame,
): Promise<Extract<Reply, { frame: Frame }>> {
  const reply = await node.ask(as, command)
  if (isFrame(reply, expected)) return reply
  if (reply.frame === 'error') throw failureOf(reply)
  throw new HttpFailure('internal', `the node answered ${reply.frame}`)
}

const isFrame = <Frame extends Reply['frame']>(reply: Reply, frame: Frame): reply is Extract<Reply, { frame: Frame }> =>
  reply.frame === frame
