/**
 * Raw sessions: many of them, opened at a pace the accept queue bears, with one timer for the heartbeats of all.
 */
import type { ConversationId } from '../../protocol/ids.js'
import { Gate } from '../gate.js'
import { RawSession } from './raw-session.js'

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
