/**
 * Reply errors: what an `error` frame may carry. Numbers and names are stable: they are never reused.
 * `temporary` means the outcome may be unknown: send the same command with the same ids again, after `retry`.
 */
export interface ReplyErrorRow {
  readonly code: number
  readonly temporary: boolean
  /** What happened, for people. */
  readonly text: string
  /** What the client should do. */
  readonly action: string
}

export const REPLY_ERRORS = {
  'bad-frame': {
    code: 100,
    temporary: false,
    text: 'the frame does not have the documented shape',
    action: 'mend the client',
  },
  'unknown-frame': { code: 101, temporary: false, text: 'no such command', action: 'mend the client' },
  'not-connected': {
    code: 102,
    temporary: false,
    text: 'the first frame must be connect',
    action: 'send connect first',
  },
  'already-connected': { code: 103, temporary: false, text: 'connect was sent twice', action: 'mend the client' },
  'bad-id': { code: 104, temporary: false, text: 'an id breaks the grammar', action: 'mend the client' },
  'unknown-type': {
    code: 105,
    temporary: false,
    text: 'no such message type, or not one a client may send',
    action: 'use a documented type',
  },
  'too-large': { code: 106, temporary: false, text: 'content, extra or a list is over its limit', action: 'send less' },
  'bad-page': {
    code: 107,
    temporary: false,
    text: 'the page asked for is out of range',
    action: 'ask within the limits',
  },
  'no-such-conversation': {
    code: 110,
    temporary: false,
    text: 'the conversation does not exist',
    action: 'create it, or drop it',
  },
  'not-participant': { code: 111, temporary: false, text: 'the user is not a participant', action: 'join, or drop it' },
  'not-allowed': { code: 112, temporary: false, text: 'the role does not allow this', action: 'do not repeat' },
  'already-exists': { code: 113, temporary: false, text: 'the conversation exists already', action: 'use it' },
  'no-such-user': { code: 114, temporary: false, text: 'the user is not a participant here', action: 'do not repeat' },
  'last-owner': {
    code: 115,
    temporary: false,
    text: 'a group keeps one owner',
    action: 'make another participant owner first',
  },
  'id-conflict': {
    code: 116,
    temporary: false,
    text: 'the client message id was used for another conversation, or lies in the future',
    action: 'use a new UUIDv7',
  },
  'rate-limited': { code: 120, temporary: true, text: 'too many commands', action: 'wait for `retry`, send again' },
  temporary: {
    code: 121,
    temporary: true,
    text: 'the outcome is unknown: the owner moved, or its storage is away',
    action: 'wait for `retry`, send the same ids again',
  },
  'out-of-order': {
    code: 122,
    temporary: true,
    text: 'the message named in `after` has not arrived',
    action: 'send the preceding messages again, then this one',
  },
  overloaded: { code: 123, temporary: true, text: 'a mailbox is full', action: 'wait for `retry`, send again' },
  unavailable: {
    code: 124,
    temporary: true,
    text: 'the journal is unavailable',
    action: 'wait for `retry`, send again',
  },
  internal: {
    code: 199,
    temporary: true,
    text: 'the server failed to handle the command',
    action: 'wait for `retry`, send again',
  },
} as const satisfies Record<string, ReplyErrorRow>

export type ReplyErrorName = keyof typeof REPLY_ERRORS

/** Codes from here on are temporary. */
export const FIRST_TEMPORARY_CODE = 120

/** The name of a code. A code of a later server becomes the nearest known one: whether to repeat is told by its range. */
export function replyErrorOf(code: number): ReplyErrorName {
  for (const name of Object.keys(REPLY_ERRORS) as ReplyErrorName[]) if (REPLY_ERRORS[name].code === code) return name
  return code < FIRST_TEMPORARY_CODE ? 'not-allowed' : 'temporary'
}
