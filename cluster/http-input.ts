/**
 * HTTP input: the shapes of what the HTTP API takes in, in zod, and the one place where a value that does not fit becomes an
 * error with a stable name. Details name the field and the rule, never the value.
 */
import { z } from 'zod'
import { MESSAGE_TYPE, type MessageType, type Role } from '../protocol/entry.js'
import { conversationKind, isDeviceId, isUserId, parseMessageId } from '../protocol/ids.js'
import { LIMITS } from '../protocol/limits.js'
import { HttpFailure, type HttpErrorName } from './http-errors.js'

export const userId = z.string().refine(isUserId, { error: 'must be a user id' })
export const deviceId = z.string().refine(isDeviceId, { error: 'must be a device id' })
export const userIds = z.array(userId).min(1).max(LIMITS.users)
/** Who else is in a conversation from its start. */
export const otherUsers = z.array(userId).max(LIMITS.users)
export const conversationId = z
  .string()
  .refine((id) => conversationKind(id) !== undefined, { error: 'must be a conversation id' })
export const messageId = z.string().refine((id) => parseMessageId(id) !== undefined, { error: 'must be a UUIDv7' })
export const title = z.string().max(LIMITS.titleCharacters)

const ROLES = ['owner', 'admin', 'member', 'muted', 'banned'] as const satisfies readonly Role[]
export const role = z.enum(ROLES)

const TYPES = Object.keys(MESSAGE_TYPE) as [MessageType, ...MessageType[]]
export const messageType = z.enum(TYPES)

/** Types in a query, separated by commas. */
export const messageTypes = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(messageType).max(TYPES.length))

/** A whole number in a query. */
const whole = z.string().regex(/^\d{1,15}$/, 'must be a whole number')
export const seq = whole.transform(Number).pipe(z.int().min(0))
export const limit = whole.transform(Number).pipe(z.int().min(1).max(LIMITS.pageEntries))
export const cursor = z.string().max(256)

/** Throws HttpFailure with the first thing that is wrong. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw issue === undefined ? new HttpFailure('bad-frame') : failureFor(issue)
}

/** Fields whose wrong values have an error of their own. */
const FIELD_ERRORS: Readonly<Record<string, HttpErrorName>> = {
  ...{ conversation: 'bad-id', id: 'bad-id', user: 'bad-id', users: 'bad-id', device: 'bad-id' },
  ...{ sender: 'bad-id', owner: 'bad-id', by: 'bad-id' },
  ...{ before: 'bad-page', after: 'bad-page', around: 'bad-page', limit: 'bad-page', cursor: 'bad-page' },
  ...{ type: 'unknown-type', types: 'unknown-type' },
}

function failureFor(issue: z.core.$ZodIssue): HttpFailure {
  const field = String(issue.path[0] ?? '')
  const detail = field === '' ? issue.message : `${issue.path.join('.')}: ${issue.message}`
  return new HttpFailure(errorFor(issue, FIELD_ERRORS[field]), detail)
}

function errorFor(issue: z.core.$ZodIssue, fieldError: HttpErrorName | undefined): HttpErrorName {
  if (fieldError === 'bad-page') return fieldError
  if (issue.code === 'too_big') return 'too-large'
  const wrongShape = issue.code === 'invalid_type' || issue.code === 'too_small'
  return wrongShape || fieldError === undefined ? 'bad-frame' : fieldError
}
