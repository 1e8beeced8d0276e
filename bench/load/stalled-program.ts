/**
 * The program of devices that stop reading: each takes part in one group, stops reading its socket when told to, reads again, and takes what it
 * missed, over a new connection where the server has closed the old one.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { monotonic } from '../monotonic.js'
import { Follower } from './follower.js'
import { carryOut } from './load-program.js'
import { conversationOf } from './protocols/rookery.js'
import { RawSession } from './raw-session.js'
import { openRawSessions, userOf, type SessionRange } from './raw-sessions.js'

export interface StallPlan {
  readonly range: SessionRange
  /** The n-th device joins the group with this name and number n. */
  readonly group: string
}

export interface CaughtUp {
  readonly seconds: number
  /** Messages of all devices together since they joined, each once. */
  readonly messages: number
  /** Devices that had not come to the end of their conversation. */
  readonly behind: number
  readonly unrecovered: number
  /** Connections the server closed meanwhile, by close code. */
  readonly closed: Readonly<Record<number, number>>
}

interface Device {
  readonly follower: Follower
  session: RawSession
}

const BEAT_MS = 1000
const GATHER_MS = 100
const PATIENCE_MS = 60_000

let range: SessionRange | undefined
let devices: readonly Device[] = []
let isStalled = false
const closed: Record<number, number> = {}

const tasks = {
  async open(plan: StallPlan): Promise<void> {
    range = plan.range
    const sessions = await openRawSessions(plan.range, lost)
    devices = await Promise.all(sessions.map((session, at) => join(session, `${plan.group}${String(at)}`)))
    setInterval(() => isStalled || each(({ session }) => session.client.command({ frame: 'ping', ref: 0 })), BEAT_MS)
    setInterval(() => isStalled || each(({ session }) => session.client.mark()), GATHER_MS)
  },
  async stall(): Promise<void> {
    isStalled = true
    each(({ session }) => session.stall())
  },
  /** Resolves when all have as much as was sent to them, or after a minute. */
  async read(messages: number): Promise<CaughtUp> {
    const start = monotonic()
    isStalled = false
    each(({ session }) => session.read())
    const received = () => devices.reduce((sum, { follower }) => sum + follower.messages, 0)
    while (received() < messages && monotonic() - start < PATIENCE_MS) await pause(BEAT_MS / 10)
    const seconds = (monotonic() - start) / 1000
    await Promise.all(devices.map(({ follower }) => follower.catchUp()))
    return {
      ...{ seconds, messages: received(), closed },
      behind: devices.filter(({ follower }) => follower.seq < follower.head).length,
      unrecovered: devices.reduce((sum, { follower }) => sum + follower.unrecovered, 0),
    }
  },
}
export type StalledTasks = typeof tasks

carryOut(tasks)

const each = (task: (device: Device) => void): void => devices.forEach(task)

async function join(session: RawSession, group: string): Promise<Device> {
  const conversation = conversationOf(group)
  const follower = new Follower(conversation, await session.ask('sent', { frame: 'join', conversation }))
  await follower.attach(session)
  return { follower, session }
}

/** Comes back as a client would. */
function lost(session: RawSession, code: number): void {
  closed[code] = (closed[code] ?? 0) + 1
  const at = devices.findIndex((device) => device.session === session)
  const device = devices[at]
  if (range === undefined || device === undefined) return
  const options = { url: range.urls[0] ?? '', secret: range.secret, user: userOf(range, at), lost }
  void RawSession.open(options).then(async (fresh) => {
    device.session = fresh
    await device.follower.attach(fresh)
  })
}
