/**
 * The program of the suite presence: users who come and go all the time, and some who keep asking who is there.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { LIMITS } from '../../protocol/limits.js'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'
import { RawSession } from './raw-session.js'
import { keepHeartbeats, openRawSessions, userOf, type SessionRange } from './raw-sessions.js'

export interface CrowdPlan {
  readonly range: SessionRange
  /** Users beyond those who come and go, who only ask. */
  readonly watchers: number
}

export interface ChurnPlan {
  /** Users per second who come or go; 0 for none. */
  readonly changes: number
  /** Questions per second, of 100 users each. */
  readonly queries: number
  readonly seconds: number
}

export interface ChurnResult {
  readonly changes: number
  readonly queries: number
  readonly query: LatencyData
}

export interface Checked {
  /** Until every answer was right; at most the patience. */
  readonly seconds: number
  /** Users whose state was wrong to the end. */
  readonly wrong: number
}

const TICK_MS = 5
const RETRY_MS = 50
const PATIENCE_MS = 30_000

let range: SessionRange | undefined
let watchers: readonly RawSession[] = []
/** Undefined for a user who is away. */
let crowd: (RawSession | undefined)[] = []
const moving = new Set<number>()

const tasks = {
  /** The first half of the crowd is here at the beginning. */
  async open(plan: CrowdPlan): Promise<void> {
    range = plan.range
    const { count } = plan.range
    watchers = await openRawSessions({ ...plan.range, prefix: 'watcher-', first: 0, count: plan.watchers }, fail)
    const here = await openRawSessions({ ...plan.range, count: count / 2 }, fail)
    crowd = [...here, ...Array.from({ length: count / 2 }, () => undefined)]
    keepHeartbeats(watchers)
  },
  async churn({ changes, queries, seconds }: ChurnPlan): Promise<ChurnResult> {
    const query = new Latency()
    const done = { changes: 0, queries: 0 }
    const [start, end] = [monotonic(), monotonic() + seconds * 1000]
    for (let now = start; now < end; now = monotonic()) {
      for (; done.changes < ((now - start) / 1000) * changes; done.changes++) void move(Math.random())
      for (; done.queries < ((now - start) / 1000) * queries; done.queries++) void ask(done.queries, query)
      await pause(TICK_MS)
    }
    while (moving.size > 0) await pause(TICK_MS)
    return { ...done, query: query.data() }
  },
  /** Compares everybody's presence with who is here. */
  async check(): Promise<Checked> {
    const start = monotonic()
    let wrong = await countWrong()
    for (; wrong > 0 && monotonic() - start < PATIENCE_MS; wrong = await countWrong()) await pause(RETRY_MS)
    return { seconds: (monotonic() - start) / 1000, wrong }
  },
}
export type ChurnTasks = typeof tasks

carryOut(tasks)

/** Someone who is here goes, half the time without a word; someone who is away comes. */
async function move(chance: number): Promise<void> {
  const at = Math.floor(chance * crowd.length)
  if (moving.has(at) || range === undefined) return
  const session = crowd[at]
  if (session !== undefined) {
    crowd[at] = undefined
    return at % 2 === 0 ? session.close() : session.cut()
  }
  moving.add(at)
  const url = range.urls[at % range.urls.length] ?? ''
  crowd[at] = await RawSession.open({ url, secret: range.secret, user: userOf(range, at), lost: fail })
  moving.delete(at)
}

/** A page of the crowd, another one each time. */
async function ask(number: number, query: Latency): Promise<void> {
  const intended = monotonic()
  const users = pageOf(number % Math.ceil(crowd.length / LIMITS.users))
  await watchers[number % watchers.length]?.ask('presenceList', { frame: 'presence', users })
  query.record(monotonic() - intended)
}

function pageOf(page: number): string[] {
  const first = page * LIMITS.users
  const count = Math.min(LIMITS.users, crowd.length - first)
  return Array.from({ length: count }, (_, at) => userOf(range as SessionRange, first + at))
}

async function countWrong(): Promise<number> {
  let wrong = 0
  for (let page = 0; page * LIMITS.users < crowd.length; page++) {
    const watcher = watchers[page % watchers.length] as RawSession
    const { items } = await watcher.ask('presenceList', { frame: 'presence', users: pageOf(page) })
    const isWrong = items.filter(({ state }, at) => {
      return (state === 'online') !== (crowd[page * LIMITS.users + at] !== undefined)
    })
    wrong += isWrong.length
  }
  return wrong
}

function fail({ user }: RawSession, code: number): void {
  process.stderr.write(`load program: the session of ${user} was closed with ${String(code)}\n`)
  process.exit(1)
}
