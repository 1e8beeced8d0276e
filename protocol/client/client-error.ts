/**
 * RookeryError: the one error of the SDK. Its code is a stable name: of a reply error (../errors.ts), of a close code
 * (../close-codes.ts), or one of the few the SDK adds. `temporary` means: the outcome may be unknown, the same thing
 * with the same ids may be tried again.
 */
import type { CloseName } from '../close-codes.js'
import { REPLY_ERRORS, type ReplyErrorName } from '../errors.js'

/** What only the SDK says. */
const SDK_ERRORS = {
  'outbox-full': { temporary: true, text: 'too many messages wait for an ack' },
  'send-timeout': { temporary: true, text: 'no ack in time; whether the message was stored is unknown' },
  closed: { temporary: true, text: 'the client was closed' },
  'connection-lost': { temporary: true, text: 'the connection broke and reconnecting is switched off' },
  'token-failed': { temporary: true, text: 'the token callback failed' },
  'storage-failed': { temporary: true, text: 'the client storage failed' },
} as const

type SdkErrorName = keyof typeof SDK_ERRORS
export type ErrorCode = ReplyErrorName | CloseName | SdkErrorName

const isReplyError = (code: ErrorCode): code is ReplyErrorName => code in REPLY_ERRORS
const isSdkError = (code: ErrorCode): code is SdkErrorName => code in SDK_ERRORS

export class RookeryError extends Error {
  override readonly name = 'RookeryError'
  readonly code: ErrorCode
  readonly temporary: boolean

  constructor(code: ErrorCode, detail = '', cause?: unknown) {
    const row = isReplyError(code) ? REPLY_ERRORS[code] : isSdkError(code) ? SDK_ERRORS[code] : undefined
    super(`${code}: ${detail || (row?.text ?? 'the server closed the connection')}`, { cause })
    this.code = code
    this.temporary = row?.temporary ?? false
  }
}
