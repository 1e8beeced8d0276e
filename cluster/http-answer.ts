/**
 * HTTP answer: the only way a response leaves the public port. Answers once, never after an abort.
 * To a balancer (a peer whose PROXY header was believed) an answer leaves in a later turn and closes: uWebSockets.js takes a
 * PROXY header before every request of a socket, so the client behind the balancer could put a false one before its second
 * request. A request that is pipelined behind one not yet answered ends the connection.
 */
import type { HttpResponse } from 'uWebSockets.js'

export interface HttpAnswer {
  /** Number and words, as in `200 OK`. */
  readonly status: string
  readonly type: 'application/json' | 'text/plain; charset=utf-8'
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Closes the connection afterwards. */
  readonly last?: boolean
}

/** One response, which may be gone before it is answered. Made before the request handler returns. */
export class Exchange {
  readonly #response: HttpResponse
  readonly #proxied: boolean
  /** Neither answered nor aborted. */
  #open = true

  constructor(response: HttpResponse, proxied: boolean) {
    this.#response = response
    this.#proxied = proxied
    response.onAborted(() => {
      this.#open = false
    })
  }

  answer(answer: HttpAnswer): void {
    if (this.#proxied) setImmediate(() => this.#write({ ...answer, last: true }))
    else this.#write(answer)
  }

  #write({ status, type, headers = {}, body, last = false }: HttpAnswer): void {
    if (!this.#open) return
    this.#open = false
    const response = this.#response
    response.cork(() => {
      response.writeStatus(status).writeHeader('Content-Type', type)
      for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value)
      response.end(body, last)
    })
  }
}
