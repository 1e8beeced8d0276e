/**
 * HTTP errors: what the HTTP API answers when it does not do what was asked: the reply errors of the protocol with the fitting
 * status, and a few that only HTTP knows (200 and up, stable). Body: `{"error":{"name","code","detail"}}`, with `retry` in
 * milliseconds where trying again helps.
 */
import type { ErrorReply } from '../protocol/frames.js'
import { REPLY_ERRORS, type ReplyErrorName } from '../protocol/errors.js'
import type { HttpAnswer } from './http-answer.js'

export const HTTP_ERRORS = {
  'no-such-route': { code: 200, text: 'there is nothing under this path' },
  'wrong-method': { code: 201, text: 'this path takes another method' },
  unauthorized: { code: 202, text: 'a known API key is needed: Authorization: Bearer <key>' },
  'forged-proxy': { code: 203, text: 'a PROXY header is only taken from a trusted balancer' },
} as const satisfies Record<string, { code: number; text: string }>

export type HttpErrorName = ReplyErrorName | keyof typeof HTTP_ERRORS

const STATUS: Readonly<Record<HttpErrorName, string>> = {
  'bad-frame': '400 Bad Request',
  'unknown-frame': '400 Bad Request',
  'not-connected': '400 Bad Request',
  'already-connected': '400 Bad Request',
  'bad-id': '400 Bad Request',
  'unknown-type': '400 Bad Request',
  'too-large': '413 Content Too Large',
  'bad-page': '400 Bad Request',
  'no-such-conversation': '404 Not Found',
  'not-participant': '403 Forbidden',
  'not-allowed': '403 Forbidden',
  'already-exists': '409 Conflict',
  'no-such-user': '404 Not Found',
  'last-owner': '409 Conflict',
  'id-conflict': '409 Conflict',
  'rate-limited': '429 Too Many Requests',
  temporary: '503 Service Unavailable',
  'out-of-order': '409 Conflict',
  overloaded: '503 Service Unavailable',
  unavailable: '503 Service Unavailable',
  internal: '500 Internal Server Error',
  'no-such-route': '404 Not Found',
  'wrong-method': '405 Method Not Allowed',
  unauthorized: '401 Unauthorized',
  'forged-proxy': '400 Bad Request',
}

/** Thrown by whatever handles a request; becomes the answer. */
export class HttpFailure extends Error {
  readonly error: HttpErrorName
  /** Milliseconds to wait before trying again; 0 says nothing. */
  readonly retry: number
  readonly headers: Readonly<Record<string, string>>

  constructor(error: HttpErrorName, detail = '', more: { retry?: number; headers?: Record<string, string> } = {}) {
    super(detail === '' ? textOf(error) : detail)
    this.name = 'HttpFailure'
    this.error = error
    this.retry = more.retry ?? 0
    this.headers = more.headers ?? {}
  }
}

export const failureOf = ({ error, detail, retry }: ErrorReply): HttpFailure =>
  new HttpFailure(error, detail, { retry })

export function failureAnswer(failure: HttpFailure): HttpAnswer {
  const { error, message, retry, headers } = failure
  const row = { name: error, code: codeOf(error), detail: message, ...(retry > 0 ? { retry } : {}) }
  return {
    status: STATUS[error],
    type: 'application/json',
    headers: { ...headers, ...(retry > 0 ? { 'Retry-After': String(Math.ceil(retry / 1000)) } : {}) },
    body: JSON.stringify({ error: row }),
    last: error === 'too-large',
  }
}

const isHttpOnly = (name: HttpErrorName): name is keyof typeof HTTP_ERRORS => name in HTTP_ERRORS
const textOf = (name: HttpErrorName): string => (isHttpOnly(name) ? HTTP_ERRORS[name] : REPLY_ERRORS[name]).text
const codeOf = (name: HttpErrorName): number => (isHttpOnly(name) ? HTTP_ERRORS[name] : REPLY_ERRORS[name]).code
