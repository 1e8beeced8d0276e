/**
 * The program that notices when a node's event loop stands still: it pings over one session all the time and looks at the slowest answer while a
 * scrape goes on, and in as long a time without one.
 */
import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'
import { OWN_REFS, RawSession } from './raw-session.js'

export interface PingPlan {
  readonly url: string
  readonly secret: string
  readonly metricsUrl: string
  readonly scrapes: number
}

export interface Stalls {
  /** Slowest answer to a ping around each scrape, and in the windows between, milliseconds. */
  readonly scraped: number[]
  readonly quiet: number[]
  /** How long each scrape took, milliseconds, and the bytes of the last. */
  readonly scrapes: number[]
  readonly bytes: number
}

const PING_MS = 0.5
/** Before and after a scrape: pings that are under way at its beginning count. */
const MARGIN_MS = 10
const BETWEEN_MS = 150

const tasks = {
  async probe({ url, secret, metricsUrl, scrapes }: PingPlan): Promise<Stalls> {
    const session = await RawSession.open({ url, secret, user: 'pinger', lost: () => process.exit(1) })
    const pinger = new Pinger(session)
    const stalls: Stalls = { scraped: [], quiet: [], scrapes: [], bytes: 0 }
    let bytes = 0
    for (let number = 0; number < scrapes; number++) {
      const start = monotonic()
      stalls.scraped.push(await pinger.slowest(async () => (bytes = await scrape(metricsUrl))))
      const took = monotonic() - start - 2 * MARGIN_MS
      stalls.scrapes.push(took)
      stalls.quiet.push(await pinger.slowest(() => pause(took)))
      await pause(BETWEEN_MS)
    }
    pinger.stop()
    session.close()
    return { ...stalls, bytes }
  },
}
export type PingTasks = typeof tasks

carryOut(tasks)

class Pinger {
  #slowest = 0
  #isOver = false
  readonly #sent = new Map<number, number>()

  constructor(session: RawSession) {
    session.onFrame = (frame) => {
      if (frame.frame === 'pong') this.#answered(frame.ref)
    }
    void this.#ping(session)
  }

  /** The slowest answer while the task runs, and a moment before and after. */
  async slowest(task: () => Promise<unknown>): Promise<number> {
    this.#slowest = 0
    await pause(MARGIN_MS)
    await task()
    await pause(MARGIN_MS)
    return this.#slowest
  }

  stop(): void {
    this.#isOver = true
  }

  async #ping({ client }: RawSession): Promise<void> {
    for (let ref = OWN_REFS; !this.#isOver; ref++) {
      this.#sent.set(ref, monotonic())
      client.command({ frame: 'ping', ref })
      client.flush()
      await pause(PING_MS)
    }
  }

  #answered(ref: number): void {
    const took = monotonic() - (this.#sent.get(ref) ?? Infinity)
    this.#sent.delete(ref)
    this.#slowest = Math.max(this.#slowest, took)
  }
}

/** Bytes of the answer. */
function scrape(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () => resolve(bytes))
    })
    request.on('error', reject)
  })
}
