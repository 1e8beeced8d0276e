/**
 * The program of users who come to a gateway on plain JetStream, take the messages they missed and leave.
 */
import { Gate } from '../gate.js'
import { monotonic } from '../monotonic.js'
import { makeToken } from '../token.js'
import type { Served } from './catch-up-program.js'
import { carryOut } from './load-program.js'
import { WebSocketLine } from './protocols/web-socket-line.js'
import { userOf, type SessionRange } from './raw-sessions.js'

export interface CollectPlan {
  readonly range: SessionRange
  readonly atOnce: number
  /** Messages of each user. */
  readonly messages: number
}

const tasks = {
  async collect({ range, atOnce, messages }: CollectPlan): Promise<Served> {
    const gate = new Gate(atOnce)
    const start = monotonic()
    const users = Array.from({ length: range.count }, (_, at) => userOf(range, at))
    const counts = await Promise.all(users.map((user) => gate.pass(() => collect(range, user, messages))))
    const seconds = (monotonic() - start) / 1000
    return { users: range.count, seconds, messages: counts.reduce((sum, count) => sum + count, 0), unrecovered: 0 }
  },
}
export type CollectTasks = typeof tasks

carryOut(tasks)

/** Rejects when the gateway ends the line before all have come. */
function collect({ urls, secret }: SessionRange, user: string, messages: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0
    const ended = (reason: string) => reject(new Error(`${user}: ${reason}`))
    const opening = WebSocketLine.open(`${urls[0] ?? ''}?token=${makeToken(user, secret)}`, '', {
      ended,
      frame: () => {
        if (++count === messages) void opening.then((line) => line.close()).then(() => resolve(count))
      },
    })
    opening.catch(reject)
  })
}
