/**
 * Load session: one authenticated connection of a generator, speaking msgpack. It keeps its heartbeat and hands every other
 * frame to whoever listens; nothing is repeated or put in order, since that is what is being measured.
 */
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import { SUBPROTOCOLS } from '../../protocol/codec.js'
import type { Command, ServerFrame, Welcome } from '../../protocol/frames.js'
import { Gate } from '../gate.js'
import { makeToken } from '../token.js'
import type { SessionRange } from './orders.js'
import { Line } from './line.js'

/** Below the accept queue of one listener (512 in uSockets), also with several generators. */
const CONNECTS_AT_ONCE = 128

export class LoadSession {
  readonly user: string
  #line: Line | undefined
  #listener: (frame: ServerFrame) => void = () => undefined
  #welcomed: (welcome: Welcome) => void = () => undefined
  #refused: (reason: Error) => void = () => undefined

  constructor(user: string) {
    this.user = user
  }

  /** Resolves when the server has welcomed the user. */
  async open(url: string, token: string): Promise<void> {
    const welcome = new Promise<Welcome>((resolve, reject) => {
      this.#welcomed = resolve
      this.#refused = reject
    })
    this.#line = await Line.dial(url, SUBPROTOCOLS.msgpack, {
      message: (data) => this.#take(data),
      closed: (code) => this.#refused(new Error(`${this.user} was closed with ${String(code)}`)),
    })
    this.send({ frame: 'connect', ref: 1, token, device: 'load', client: 'rookery-bench' })
    const { ping } = await welcome
    setInterval(() => this.send({ frame: 'ping', ref: 0 }), ping * 1000).unref()
  }

  /** The one listener; a later one replaces it. */
  listen(listener: (frame: ServerFrame) => void): void {
    this.#listener = listener
  }

  send(command: Command): void {
    this.#line?.send(msgpackCodec.encodeCommand(command))
  }

  #take(data: Uint8Array): void {
    for (const frame of msgpackCodec.decodeServerFrames(data)) {
      if (frame.frame === 'welcome') this.#welcomed(frame)
      else this.#listener(frame)
    }
  }
}

/** Opens the sessions of a range, spread over the URLs; rejects when one is refused. */
export async function openSessions({ urls, secret, prefix, first, count }: SessionRange): Promise<LoadSession[]> {
  const gate = new Gate(CONNECTS_AT_ONCE)
  const sessions = Array.from({ length: count }, (_, at) => new LoadSession(`${prefix}${String(first + at)}`))
  const opened = sessions.map((session, at) => {
    const url = urls[at % urls.length] ?? ''
    return gate.pass(() => session.open(url, makeToken(session.user, secret)))
  })
  await Promise.all(opened)
  return sessions
}
