/**
 * Heartbeat: one timer that pings the server. It says when the line is dead (three pings without an answer), and when
 * pushes went missing: a `pong` carries the number of pushes the server sent, and what was not here one round trip later
 * is lost.
 */
import type { ClientClock } from './clock.js'

export interface HeartbeatEvents {
  /** Sends a ping and answers its ref. */
  ping(): number
  /** The line is dead. */
  dead(): void
  /** Pushes were lost: resume. */
  missing(): void
}

const UNANSWERED = 3

export class Heartbeat {
  readonly #clock: ClientClock
  readonly #events: HeartbeatEvents
  #cancel: (() => void) | undefined
  #unanswered = 0
  /** Pushes that came, and those given up because a resume brings them. */
  #counted = 0
  /** The server's number, and the ping whose answer confirms it. */
  #suspicion: { readonly pushes: number; readonly ref: number } | undefined

  constructor(clock: ClientClock, events: HeartbeatEvents) {
    this.#clock = clock
    this.#events = events
  }

  start(seconds: number): void {
    this.stop()
    this.#unanswered = 0
    this.#counted = 0
    this.#suspicion = undefined
    this.#tickAfter(seconds * 1000)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** A push came. */
  pushed(): void {
    this.#counted++
  }

  /** An answer to a ping came. */
  pong(ref: number, pushes: number): void {
    this.#unanswered = 0
    const suspicion = this.#suspicion
    if (suspicion && suspicion.ref !== ref) return
    this.#suspicion = undefined
    if (suspicion && this.#counted < suspicion.pushes) this.#events.missing()
    else if (this.#counted < pushes) {
      this.#suspicion = { pushes, ref: this.#ping() }
      return
    }
    this.#counted = pushes
  }

  #tickAfter(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      if (this.#unanswered >= UNANSWERED) {
        this.#events.dead()
        return
      }
      this.#ping()
      this.#tickAfter(ms)
    })
  }

  #ping(): number {
    this.#unanswered++
    return this.#events.ping()
  }
}
