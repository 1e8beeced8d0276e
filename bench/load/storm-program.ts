/**
 * The program of the suite storm: many users with positions in many groups each, who all connect and resume at once; and, for comparison,
 * bare WebSocket handshakes on the same kind of line at the same pace.
 */
import type { Position } from '../../protocol/frames.js'
import { Gate } from '../gate.js'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'
import { WebSocketLine, type LineReader } from './protocols/web-socket-line.js'
import { RawSession } from './raw-session.js'
import { groupId, keepHeartbeats, openRawSessions, userOf, type SessionRange } from './raw-sessions.js'

export interface MembersPlan {
  readonly range: SessionRange
  readonly groupSize: number
  /** Groups of each user. */
  readonly groups: number
  /** Number of these groups among all of the cluster. */
  readonly run: number
}

export interface StormResult {
  readonly seconds: number
  /** From the beginning of the storm until a session had its answer. */
  readonly resumed: LatencyData
  /** By the monotonic clock. */
  readonly start: number
  readonly end: number
  readonly unrecovered: number
}

export interface HandshakePlan {
  readonly url: string
  readonly count: number
}

const CREATES_AT_ONCE = 128
const HANDSHAKES_AT_ONCE = 64

const DEAF: LineReader = { frame: () => undefined, ended: () => undefined }

let members: MembersPlan | undefined
let sessions: readonly RawSession[] = []
let stopHeartbeats: () => void = () => undefined
const held = new Map<string, Position[]>()

const tasks = {
  /** Makes the groups; nobody but their creator is here. */
  async members(plan: MembersPlan): Promise<number> {
    members = plan
    const { range, groupSize, groups, run } = plan
    const creator = await RawSession.open({
      url: urlOf(range),
      secret: range.secret,
      user: `creator-${String(run)}`,
      lost: fail,
    })
    const gate = new Gate(CREATES_AT_ONCE)
    const blocks = range.count / groupSize
    const making = Array.from({ length: blocks * groups }, (_, at) => gate.pass(() => make(creator, plan, at, blocks)))
    await Promise.all(making)
    creator.close()
    return making.length
  },
  /** All connect and resume, as fast as they come in. */
  async connect(): Promise<StormResult> {
    if (members === undefined) throw new Error('connect before members')
    const { range } = members
    const start = monotonic()
    const resumed = new Latency()
    let unrecovered = 0
    sessions = await openRawSessions(range, fail, async (session) => {
      await session.resume(held.get(session.user) ?? [], 1, ({ recovered }) => (unrecovered += recovered ? 0 : 1))
      resumed.record(monotonic() - start)
    })
    stopHeartbeats = keepHeartbeats(sessions)
    const end = monotonic()
    return { seconds: (end - start) / 1000, resumed: resumed.data(), start, end, unrecovered }
  },
  /** Every line breaks at once. */
  async cut(): Promise<void> {
    stopHeartbeats()
    for (const session of sessions) session.cut()
    sessions = []
  },
  /** Seconds until so many bare WebSockets were open; then they are closed. */
  async handshakes({ url, count }: HandshakePlan): Promise<number> {
    const gate = new Gate(HANDSHAKES_AT_ONCE)
    const start = monotonic()
    const lines = await Promise.all(
      Array.from({ length: count }, () => gate.pass(() => WebSocketLine.open(url, '', DEAF))),
    )
    const seconds = (monotonic() - start) / 1000
    for (const line of lines) line.cut()
    return seconds
  },
}
export type StormTasks = typeof tasks

carryOut(tasks)

async function make(creator: RawSession, plan: MembersPlan, at: number, blocks: number): Promise<void> {
  const { range, groupSize, run } = plan
  const first = (at % blocks) * groupSize
  const users = Array.from({ length: groupSize }, (_, user) => userOf(range, first + user))
  const conversation = groupId(run, at)
  const create = { frame: 'create', conversation, title: 'storm', open: false, users } as const
  const { epoch, seq } = await creator.ask('sent', create)
  for (const user of users) {
    const positions = held.get(user) ?? []
    held.set(user, positions)
    positions.push({ conversation, epoch, seq })
  }
}

const urlOf = ({ urls }: SessionRange): string => urls[0] ?? ''

function fail({ user }: RawSession, code: number): void {
  process.stderr.write(`load program: the session of ${user} was closed with ${String(code)}\n`)
  process.exit(1)
}
