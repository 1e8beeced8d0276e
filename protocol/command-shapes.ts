/**
 * The fields of every command in wire order, with the rules they obey. What `read` answers has been checked in full: ids,
 * kinds of conversations, types, sizes, list and page limits. Whether this user may do it is for the conversation to say.
 */
import * as check from './checks.js'
import { messageIdOf, messageTypeOf } from './entry-codec.js'
import { ROLE } from './entry.js'
import type { FieldReader, FieldWriter, Shape } from './fields.js'
import { DIRECTION } from './frames.js'
import type { Add, Command, Join, Leave, Position, Read, Received, Remove } from './frames.js'
import { LIMITS } from './limits.js'

type CommandShapes = { readonly [N in Command['frame']]: Shape<Extract<Command, { frame: N }>> }

export const COMMAND_SHAPES: CommandShapes = {
  connect: {
    read: (fields) => ({
      frame: 'connect',
      ref: fields.ref(),
      token: check.token(fields.str('token')),
      device: check.userOrDevice(fields.str('device'), 'device'),
      client: check.clientName(fields.str('client')),
      session: fields.uintOrZero('session'),
    }),
    write(connect, fields) {
      fields.ref(connect.ref)
      fields.str('token', connect.token)
      fields.str('device', connect.device)
      fields.str('client', connect.client)
      fields.uintOrZero('session', connect.session)
    },
  },
  ping: {
    read: (fields) => ({ frame: 'ping', ref: fields.ref() }),
    write(ping, fields) {
      fields.ref(ping.ref)
    },
  },
  send: {
    read(fields) {
      const ref = fields.ref()
      const conversation = check.writable(fields.str('conversation'))
      const after = fields.messageId('after')
      const body = fields.body()
      const id = messageIdOf(body)
      return { frame: 'send', ref, conversation, after, id: id === '' ? null : id, type: messageTypeOf(body), body }
    },
    write(send, fields) {
      fields.ref(send.ref)
      fields.str('conversation', send.conversation)
      fields.messageId('after', send.after)
      fields.body(send.body)
    },
  },
  received: {
    read: (fields) => ({ frame: 'received', positions: readPositions(fields, readPosition) }),
    write: writePositions,
  },
  read: {
    read: (fields) => ({ frame: 'read', positions: readPositions(fields, readWritablePosition) }),
    write: writePositions,
  },
  resume: {
    read: (fields) => ({
      frame: 'resume',
      ref: fields.ref(),
      positions: readPositions(fields, readPosition),
      limit: check.pageLimit(fields.uint('limit'), 0),
    }),
    write(resume, fields) {
      fields.ref(resume.ref)
      writePositions(resume, fields)
      fields.uint('limit', resume.limit)
    },
  },
  history: {
    read: (fields) => ({
      frame: 'history',
      ref: fields.ref(),
      conversation: check.readable(fields.str('conversation')),
      direction: fields.choice('direction', DIRECTION),
      seq: fields.uint('seq'),
      limit: check.pageLimit(fields.uint('limit'), 1),
      types: fields.messageTypes('types'),
    }),
    write(history, fields) {
      fields.ref(history.ref)
      fields.str('conversation', history.conversation)
      fields.choice('direction', DIRECTION, history.direction)
      fields.uint('seq', history.seq)
      fields.uint('limit', history.limit)
      fields.messageTypes('types', history.types)
    },
  },
  conversations: {
    read: (fields) => ({
      frame: 'conversations',
      ref: fields.ref(),
      cursor: check.conversationCursor(fields.str('cursor')),
      limit: check.pageLimit(fields.uint('limit'), 1),
    }),
    write(conversations, fields) {
      fields.ref(conversations.ref)
      fields.str('cursor', conversations.cursor)
      fields.uint('limit', conversations.limit)
    },
  },
  participants: {
    read: (fields) => ({
      frame: 'participants',
      ref: fields.ref(),
      conversation: check.writable(fields.str('conversation')),
      cursor: check.userCursor(fields.str('cursor')),
      limit: check.pageLimit(fields.uint('limit'), 1),
    }),
    write(participants, fields) {
      fields.ref(participants.ref)
      fields.str('conversation', participants.conversation)
      fields.str('cursor', participants.cursor)
      fields.uint('limit', participants.limit)
    },
  },
  create: {
    read: (fields) => ({
      frame: 'create',
      ref: fields.ref(),
      conversation: check.creatable(fields.str('conversation')),
      title: check.title(fields.str('title')),
      open: fields.bool('open'),
      users: readUsers(fields),
    }),
    write(create, fields) {
      fields.ref(create.ref)
      fields.str('conversation', create.conversation)
      fields.str('title', create.title)
      fields.bool('open', create.open)
      fields.strings('users', create.users)
    },
  },
  join: {
    read: (fields) => ({ frame: 'join', ref: fields.ref(), conversation: check.writable(fields.str('conversation')) }),
    write: writeConversation,
  },
  leave: {
    read: (fields) => ({ frame: 'leave', ref: fields.ref(), conversation: check.writable(fields.str('conversation')) }),
    write: writeConversation,
  },
  add: {
    read: (fields) => ({
      frame: 'add',
      ref: fields.ref(),
      conversation: check.writable(fields.str('conversation')),
      users: readUsers(fields),
    }),
    write: writeConversationAndUsers,
  },
  remove: {
    read: (fields) => ({
      frame: 'remove',
      ref: fields.ref(),
      conversation: check.writable(fields.str('conversation')),
      users: readUsers(fields),
    }),
    write: writeConversationAndUsers,
  },
  role: {
    read: (fields) => ({
      frame: 'role',
      ref: fields.ref(),
      conversation: check.writable(fields.str('conversation')),
      user: check.userOrDevice(fields.str('user'), 'user'),
      role: fields.choice('role', ROLE),
    }),
    write(role, fields) {
      fields.ref(role.ref)
      fields.str('conversation', role.conversation)
      fields.str('user', role.user)
      fields.choice('role', ROLE, role.role)
    },
  },
  rename: {
    read: (fields) => ({
      frame: 'rename',
      ref: fields.ref(),
      conversation: check.writable(fields.str('conversation')),
      title: check.title(fields.str('title')),
    }),
    write(rename, fields) {
      fields.ref(rename.ref)
      fields.str('conversation', rename.conversation)
      fields.str('title', rename.title)
    },
  },
  presence: {
    read: (fields) => ({ frame: 'presence', ref: fields.ref(), users: readUsers(fields) }),
    write(presence, fields) {
      fields.ref(presence.ref)
      fields.strings('users', presence.users)
    },
  },
  signal: {
    read: (fields) => ({
      frame: 'signal',
      conversation: check.writable(fields.str('conversation')),
      name: check.signalName(fields.str('name')),
      data: fields.bytes('data', LIMITS.signalBytes),
    }),
    write(signal, fields) {
      fields.str('conversation', signal.conversation)
      fields.str('name', signal.name)
      fields.bytes('data', signal.data)
    },
  },
}

const readUsers = (fields: FieldReader): string[] => fields.strings('users', LIMITS.users, check.userOrDevice)

const readPositions = (fields: FieldReader, read: (fields: FieldReader) => Position): Position[] =>
  fields.list('positions', LIMITS.positions, read)

const readPosition = (fields: FieldReader): Position => ({
  conversation: check.readable(fields.str('conversation')),
  epoch: fields.uint('epoch'),
  seq: fields.uint('seq'),
})

const readWritablePosition = (fields: FieldReader): Position => ({
  conversation: check.writable(fields.str('conversation')),
  epoch: fields.uint('epoch'),
  seq: fields.uint('seq'),
})

function writePosition(position: Position, fields: FieldWriter): void {
  fields.str('conversation', position.conversation)
  fields.uint('epoch', position.epoch)
  fields.uint('seq', position.seq)
}

function writePositions(frame: Pick<Received | Read, 'positions'>, fields: FieldWriter): void {
  fields.list('positions', frame.positions, writePosition)
}

function writeConversation(frame: Join | Leave | Add | Remove, fields: FieldWriter): void {
  fields.ref(frame.ref)
  fields.str('conversation', frame.conversation)
}

function writeConversationAndUsers(frame: Add | Remove, fields: FieldWriter): void {
  writeConversation(frame, fields)
  fields.strings('users', frame.users)
}
