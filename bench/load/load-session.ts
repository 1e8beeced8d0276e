/**
 * Load sessions: the authenticated connections of one generator, raw clients that repeat and mend nothing, since that is what
 * is being measured. One timer keeps the heartbeats of all of them, spread over the interval the server asks for.
 */
import type { ServerFrame } from '../../protocol/frames.js'
import { RawClient, type RawListener, type RawPush } from '../../protocol/client/wire.js'
import { Gate } from '../gate.js'
import { makeToken } from '../token.js'
import type { SessionRange } from './orders.js'

/** Below the accept queue of one listener (512 in uSockets), also with several generators. */
const CONNECTS_AT_ONCE = 128

/** What a workload does with what comes. */
export interface LoadListener {
  push(push: Readonly<RawPush>): void
  frame(frame: ServerFrame): void
}

export interface LoadSession {
  readonly user: string
  readonly client: RawClient
  /** The workload that runs now. */
  listener: LoadListener
}

const DEAF: LoadListener = { push: () => undefined, frame: () => undefined }

/** Opens the sessions of a range, spread over the URLs; rejects when one is refused. `lost` hears of one that is closed. */
export async function openSessions(
  { urls, secret, prefix, first, count }: SessionRange,
  lost: (reason: Error) => void,
): Promise<LoadSession[]> {
  const gate = new Gate(CONNECTS_AT_ONCE)
  const numbers = Array.from({ length: count }, (_, at) => first + at)
  const opening = numbers.map((number) => {
    const user = `${prefix}${String(number)}`
    const url = urls[number % urls.length] ?? ''
    return gate.pass(() => openSession(user, url, makeToken(user, secret), lost))
  })
  const opened = await Promise.all(opening)
  keepHeartbeats(opened)
  return opened.map(({ session }) => session)
}

interface Opened {
  readonly session: LoadSession
  /** Seconds between pings. */
  readonly ping: number
}

async function openSession(user: string, url: string, token: string, lost: (reason: Error) => void): Promise<Opened> {
  let ping = 0
  let session: LoadSession | undefined = undefined
  const listener: RawListener = {
    push: (push) => session?.listener.push(push),
    frame(frame) {
      if (frame.frame === 'welcome') ping = frame.ping
      else session?.listener.frame(frame)
    },
    closed: (code) => lost(new Error(`the session of ${user} was closed with ${String(code)}`)),
  }
  const client = await RawClient.connect(url, token, 'load', listener)
  session = { user, client, listener: DEAF }
  return { session, ping }
}

function keepHeartbeats(opened: readonly Opened[]): void {
  const ping = opened[0]?.ping ?? 1
  let turn = 0
  const second = () => {
    turn += 1
    for (let at = turn % ping; at < opened.length; at += ping) {
      opened[at]?.session.client.command({ frame: 'ping', ref: 0 })
    }
  }
  setInterval(second, 1000).unref()
}
