/**
 * The program of the suite catchup: an organiser makes groups of users who are away and writes to them; then each user comes with the positions
 * it had, takes what it missed, confirms it and leaves.
 */
import type { Page, Position } from '../../protocol/frames.js'
import { encodeBody } from '../../protocol/entry-codec.js'
import { MESSAGE_TYPE } from '../../protocol/entry.js'
import type { ConversationId } from '../../protocol/ids.js'
import { Gate } from '../gate.js'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'
import { nextMessageId } from './message-id.js'
import { RawSession } from './raw-session.js'
import { groupId, userOf, type SessionRange } from './raw-sessions.js'

export interface MissedPlan {
  readonly range: SessionRange
  /** Users of a group; a multiple of it are all users. */
  readonly groupSize: number
  /** Groups of each user, and messages in each. */
  readonly groups: number
  readonly messages: number
  readonly bytes: number
}

export interface ServedPlan {
  readonly range: SessionRange
  readonly atOnce: number
}

export interface Served {
  readonly users: number
  readonly seconds: number
  readonly messages: number
  /** Positions the server could not continue from. */
  readonly unrecovered: number
}

const SENDS_AT_ONCE = 256
const PAGE = 100

/** What each user holds: the beginning of each of its groups. */
const held = new Map<string, Position[]>()

const tasks = {
  /** Resolves when all is stored; answers the number of messages written. */
  async miss({ range, groupSize, groups, messages, bytes }: MissedPlan): Promise<number> {
    const organiser = await RawSession.open({ ...target(range), user: 'organiser', lost: fail })
    const gate = new Gate(SENDS_AT_ONCE)
    const blocks = range.count / groupSize
    const making = Array.from({ length: blocks * groups }, (_, at) => {
      const users = Array.from({ length: groupSize }, (_, user) => userOf(range, (at % blocks) * groupSize + user))
      return gate.pass(() => makeGroup(organiser, groupId(1, at), users))
    })
    const conversations = await Promise.all(making)
    const writing = conversations.flatMap((conversation) =>
      Array.from({ length: messages }, () => gate.pass(() => write(organiser, conversation, bytes))),
    )
    await Promise.all(writing)
    organiser.close()
    return writing.length
  },
  async serve({ range, atOnce }: ServedPlan): Promise<Served> {
    const gate = new Gate(atOnce)
    const start = monotonic()
    const serving = Array.from({ length: range.count }, (_, at) => gate.pass(() => serve(range, userOf(range, at))))
    const served = await Promise.all(serving)
    return {
      users: served.length,
      seconds: (monotonic() - start) / 1000,
      messages: served.reduce((sum, { messages }) => sum + messages, 0),
      unrecovered: served.reduce((sum, { unrecovered }) => sum + unrecovered, 0),
    }
  },
}
export type CatchUpTasks = typeof tasks

carryOut(tasks)

async function makeGroup(
  organiser: RawSession,
  conversation: ConversationId,
  users: string[],
): Promise<ConversationId> {
  const create = { frame: 'create', conversation, title: 'missed', open: false, users } as const
  const { epoch, seq } = await organiser.ask('sent', create)
  for (const user of users) {
    const positions = held.get(user) ?? []
    held.set(user, positions)
    positions.push({ conversation, epoch, seq })
  }
  return conversation
}

async function write(organiser: RawSession, conversation: ConversationId, bytes: number): Promise<void> {
  const rest = { type: MESSAGE_TYPE.text, content: Buffer.alloc(bytes, 'rookery '), extra: null, priority: 0, ttl: 0 }
  const body = encodeBody({ id: nextMessageId(), ...rest })
  await organiser.ask('sent', { frame: 'send', conversation, after: null, id: null, type: 0, body })
}

async function serve(range: SessionRange, user: string): Promise<{ messages: number; unrecovered: number }> {
  const session = await RawSession.open({ ...target(range), user, lost: fail })
  let messages = 0
  let unrecovered = 0
  const received: Position[] = []
  const take = ({ conversation, epoch, head, items, recovered }: Page) => {
    messages += items.length
    unrecovered += recovered ? 0 : 1
    received.push({ conversation, epoch, seq: head })
  }
  await session.resume(held.get(user) ?? [], PAGE, take)
  session.client.command({ frame: 'received', positions: received })
  session.close()
  return { messages, unrecovered }
}

const target = ({ urls, secret }: SessionRange) => ({ url: urls[0] ?? '', secret })

function fail({ user }: RawSession, code: number): void {
  process.stderr.write(`load program: the session of ${user} was closed with ${String(code)}\n`)
  process.exit(1)
}
