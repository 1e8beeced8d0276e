/**
 * Raw sessions: many of them, opened at a pace the accept queue bears, with one timer for the heartbeats of all.
 */
import type { RawPush } from '../../protocol/client/wire.js'
import type { ConversationId } from '../../protocol/ids.js'
import { Gate } from '../gate.js'
import { RawSession } from './raw-session.js'
import type { Circle } from './talk.js'

/** Sessions of users `<prefix><number>`, numbers from `first`, spread over the URLs. */
export interface SessionRange {
  readonly urls: readonly string[]
  readonly secret: string
  readonly prefix: string
  readonly first: number
  readonly count: number
}

/** Below the accept queue of one listener (512 in uSockets), also with several programs. */
const CONNECTS_AT_ONCE = 64
const CREATES_AT_ONCE = 128

export const userOf = ({ prefix, first }: SessionRange, at: number): string => `${prefix}${String(first + at)}`

/** `opened` hears of each, with its index, before it counts as open: a workload may go on from there. */
export async function openRawSessions(
  range: SessionRange,
  lost: (session: RawSession, code: number) => void,
  opened: (session: RawSession, at: number) => Promise<void> = () => Promise.resolve(),
): Promise<RawSession[]> {
  const gate = new Gate(CONNECTS_AT_ONCE)
  const { urls, secret } = range
  const opening = Array.from({ length: range.count }, (_, at) => {
    const options = { url: urls[at % urls.length] ?? '', secret, user: userOf(range, at), lost }
    return gate
      .pass(() => RawSession.open(options))
      .then(async (session) => {
        await opened(session, at)
        return session
      })
  })
  return Promise.all(opening)
}

/** Pings spread over the interval the server asks for. The answer stops them. */
export function keepHeartbeats(sessions: readonly RawSession[]): () => void {
  const interval = sessions[0]?.pingSeconds ?? 1
  let turn = 0
  const timer = setInterval(() => {
    turn += 1
    for (let at = turn % interval; at < sessions.length; at += interval) {
      sessions[at]?.client.command({ frame: 'ping', ref: 0 })
    }
  }, 1000).unref()
  return () => clearInterval(timer)
}

/** Number `at` of the groups of a run. */
export const groupId = (run: number, at: number): ConversationId =>
  `g:${run.toString(16).padStart(8, '0')}-0000-4000-8000-${at.toString(16).padStart(12, '0')}`

/**
 * A group of each circle (they share no session), made by its first member with the others from the start (at most 101). Resolves when each member was pushed it, so
 * that what is sent from then on reaches all.
 */
export async function makeGroups(sessions: readonly RawSession[], circles: readonly Circle[]): Promise<void> {
  const gate = new Gate(CREATES_AT_ONCE)
  const make = async ({ conversation, members }: Circle) => {
    const here = members.map((at) => sessions[at] as RawSession)
    const [creator, ...others] = here as [RawSession, ...RawSession[]]
    const seen = Promise.all(here.map((session) => pushed(session, conversation)))
    const users = others.map(({ user }) => user)
    await creator.ask('sent', { frame: 'create', conversation, title: 'load', open: false, users })
    await seen
    for (const { client } of here) client.mark()
  }
  await Promise.all(circles.map((circle) => gate.pass(() => make(circle))))
}

function pushed(session: RawSession, conversation: ConversationId): Promise<void> {
  return new Promise((resolve) => {
    const before = session.onPush
    session.onPush = (push: Readonly<RawPush>) => {
      before(push)
      if (push.conversation !== conversation) return
      session.onPush = before
      resolve()
    }
  })
}
