/**
 * The program of raw sessions: opens many, puts them into groups or pairs and lets them talk.
 */
import { directConversation } from '../../protocol/ids.js'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'
import type { RawSession } from './raw-session.js'
import { groupId, keepHeartbeats, makeGroups, openRawSessions, type SessionRange } from './raw-sessions.js'
import { Talk, type Circle, type TalkPlan, type TalkResult } from './talk.js'

export interface GroupsPlan {
  readonly size: number
  /** Number of these groups among all of the cluster. */
  readonly run: number
}

let sessions: readonly RawSession[] = []
let circles: readonly Circle[] = []
let stopHeartbeats: () => void = () => undefined

const tasks = {
  /** Answers how many seconds it took. */
  async connect(range: SessionRange): Promise<number> {
    const start = monotonic()
    sessions = await openRawSessions(range, fail)
    stopHeartbeats = keepHeartbeats(sessions)
    return (monotonic() - start) / 1000
  },
  /** Neighbours in groups of a size; a rest that fills no group stays out. */
  async groups({ size, run }: GroupsPlan): Promise<number> {
    circles = Array.from({ length: Math.floor(sessions.length / size) }, (_, at) => {
      return {
        conversation: groupId(run, at),
        members: Array.from({ length: size }, (_, member) => at * size + member),
      }
    })
    await makeGroups(sessions, circles)
    return circles.length
  },
  /** Neighbours in one-to-one conversations. */
  async pairs(): Promise<number> {
    circles = Array.from({ length: Math.floor(sessions.length / 2) }, (_, at) => {
      const [one, other] = [sessions[2 * at], sessions[2 * at + 1]] as [RawSession, RawSession]
      return { conversation: directConversation(one.user, other.user), members: [2 * at, 2 * at + 1] }
    })
    return circles.length
  },
  talk: (plan: TalkPlan): Promise<TalkResult> => new Talk(sessions, circles, () => false, plan).run(),
  async close(): Promise<void> {
    stopHeartbeats()
    for (const session of sessions) session.close()
    sessions = []
  },
}
export type RawTasks = typeof tasks

carryOut(tasks)

/** A session that is lost in the middle makes every figure wrong. */
function fail({ user }: RawSession, code: number): void {
  process.stderr.write(`load program: the session of ${user} was closed with ${String(code)}\n`)
  process.exit(1)
}
