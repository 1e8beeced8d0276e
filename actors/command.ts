/**
 * Commands as the owner of a conversation gets them: what a client may send about one conversation, and what the server says to
 * itself. `ReplyTo` is where the one answer goes, whichever node asked.
 */
import type {
  Change,
  ConversationsQuery,
  HistoryQuery,
  Page,
  ParticipantsQuery,
  Position,
  Reply,
  Send,
} from '../protocol/frames.js'
import type { ReplyErrorName } from '../protocol/errors.js'
import { REPLY_ERRORS } from '../protocol/errors.js'
import type { ConversationId, MessageId } from '../protocol/ids.js'
import type { Caller } from './transport.js'

/** One position of a `resume` frame; answered by a page. */
export interface ResumeOne {
  readonly frame: 'resumeOne'
  readonly conversation: ConversationId
  readonly position: Position
  readonly limit: number
}

/** To `u:<user>`: the user is in, or out of, a conversation since its entry `seq`. Answered by `sent`. */
export interface Enlist {
  readonly frame: 'enlist'
  readonly conversation: ConversationId
  readonly id: MessageId
  readonly entered: boolean
  readonly about: ConversationId
  readonly epoch: number
  readonly seq: number
}

/** The participants who are in now, for a node that has some of them online. */
export interface AudienceQuery {
  readonly frame: 'audience'
  readonly conversation: ConversationId
}

/** `conversations`, addressed to the user's own conversation. */
export interface ListQuery {
  readonly frame: 'list'
  readonly conversation: ConversationId
  readonly query: ConversationsQuery
}

/** Everything that is routed to the owner of `conversation` and answered. */
export type OwnerCommand =
  Send | Change | HistoryQuery | ParticipantsQuery | ResumeOne | Enlist | AudienceQuery | ListQuery

export interface PageAnswer {
  readonly frame: 'onePage'
  readonly page: Page
}

export interface AudienceAnswer {
  readonly frame: 'audienceList'
  readonly membershipSeq: number
  readonly users: readonly string[]
}

/** The asked node does not own the shard in its view of this number. */
export interface NotOwner {
  readonly frame: 'notOwner'
  readonly view: number
}

export type OwnerReply = Reply | PageAnswer | AudienceAnswer | NotOwner

export interface ReplyTo {
  /** Called once; a second call is ignored. */
  reply(reply: OwnerReply): void
}

/** A command on its way to its conversation. */
export interface Commanded {
  readonly kind: 'command'
  readonly caller: Caller
  readonly command: OwnerCommand
  readonly to: ReplyTo
}

/** Milliseconds a client waits before it repeats a command that failed temporarily. */
const RETRY_MS = 250

export function refusal(error: ReplyErrorName, detail = ''): Reply {
  const retry = REPLY_ERRORS[error].temporary ? RETRY_MS : 0
  return { frame: 'error', ref: 0, error, detail, retry }
}

/** Answers now or when the promise settles; what rejects is history being away. */
export function answer(to: ReplyTo, reply: OwnerReply | Promise<OwnerReply>): void {
  if (!(reply instanceof Promise)) to.reply(reply)
  else
    reply.then(
      (settled) => to.reply(settled),
      () => to.reply(refusal('temporary', 'history is away')),
    )
}
