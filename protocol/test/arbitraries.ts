/** Random frames, entries and ids that obey every rule of the protocol, for the property tests. */
import fc from 'fast-check'
import { encodeBody, encodeWholeEntry, messageIdOf, messageTypeOf } from '../entry-codec.js'
import { ENTRY_KIND, MESSAGE_TYPE, ROLE } from '../entry.js'
import type { Body, Entry } from '../entry.js'
import { REPLY_ERRORS } from '../errors.js'
import type { ReplyErrorName } from '../errors.js'
import { DIRECTION, PRESENCE_STATE } from '../frames.js'
import type { Command, Page, ServerFrame } from '../frames.js'
import { directConversation } from '../ids.js'
import { LIMITS } from '../limits.js'

type Arbitraries<F extends { readonly frame: string }> = {
  readonly [N in F['frame']]: fc.Arbitrary<Extract<F, { frame: N }>>
}

const keysOf = <T extends string>(table: Readonly<Record<T, unknown>>): T[] => Object.keys(table) as T[]
const named = <N extends string>(frame: N): fc.Arbitrary<N> => fc.constant(frame)

export const user = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,64}$/)
export const uint = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat())
const uuid = fc.uuid({ version: 4 })
const text = fc.string({ unit: 'binary', maxLength: 40 })
const title = fc.string({ unit: 'binary', maxLength: LIMITS.titleCharacters / 2 })
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  text.map((value) => new TextEncoder().encode(value)),
)

const direct = fc
  .tuple(user, user)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => directConversation(a, b))
const group = uuid.map((id) => `g:${id}`)
const room = user.map((name) => `r:${name}`)
export const writable = fc.oneof(direct, group, room)
export const conversation = fc.oneof(
  writable,
  user.map((name) => `u:${name}`),
)

export const messageId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => {
  id[6] = 0x70 | ((id[6] ?? 0) & 0x0f)
  id[8] = 0x80 | ((id[8] ?? 0) & 0x3f)
  return Buffer.from(id).toString('latin1')
})

/** The text of an object, as JSON.stringify has it: that is also what a client of the JSON subprotocol gets. */
export const extra = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 4 })
  .map((object) => JSON.stringify(object))
  .filter((json) => json.length < LIMITS.extraBytes / 4)

export const body: fc.Arbitrary<Body> = fc.record({
  id: fc.oneof(messageId, fc.constant('')),
  type: fc.constantFrom(...Object.values(MESSAGE_TYPE).filter((type) => type !== MESSAGE_TYPE.system)),
  content: bytes,
  extra: fc.option(extra),
  priority: fc.nat(LIMITS.priority),
  ttl: fc.nat(LIMITS.ttlSeconds),
})

export const entry: fc.Arbitrary<Entry> = fc.record({
  version: fc.constant(1),
  kind: fc.oneof(fc.constantFrom(...Object.values(ENTRY_KIND)), fc.integer({ min: 11, max: 1000 })),
  conversation,
  seq: uint,
  ordinal: uint,
  time: uint,
  sender: user,
  device: user,
  id: fc.oneof(messageId, fc.constant('')),
  type: fc.nat(20),
  content: bytes,
  extra: fc.option(extra),
  priority: fc.nat(9),
  ttl: uint,
})

const position = fc.record({ conversation, epoch: uint, seq: uint })
const writablePosition = fc.record({ conversation: writable, epoch: uint, seq: uint })
const positionsOf = (arbitrary: typeof position) => fc.array(arbitrary, { maxLength: 10 })
const users = fc.array(user, { maxLength: 10 })
const limit = fc.integer({ min: 1, max: LIMITS.pageEntries })
const ref = uint

export const commands: Arbitraries<Command> = {
  connect: fc.record({
    frame: named('connect'),
    ref,
    token: text,
    device: user,
    client: fc.string({ maxLength: LIMITS.clientCharacters }),
    session: uint,
  }),
  ping: fc.record({ frame: named('ping'), ref }),
  send: fc
    .record({
      frame: named('send'),
      ref,
      conversation: writable,
      after: fc.option(messageId),
      body: body.map(encodeBody),
    })
    .map((send) => ({ ...send, id: messageIdOf(send.body) || null, type: messageTypeOf(send.body) })),
  received: fc.record({ frame: named('received'), positions: positionsOf(position) }),
  read: fc.record({ frame: named('read'), positions: positionsOf(writablePosition) }),
  resume: fc.record({
    frame: named('resume'),
    ref,
    positions: positionsOf(position),
    limit: fc.nat(LIMITS.pageEntries),
  }),
  history: fc.record({
    frame: named('history'),
    ref,
    conversation,
    direction: fc.constantFrom(...keysOf(DIRECTION)),
    seq: uint,
    limit,
    types: fc.subarray(Object.values(MESSAGE_TYPE)),
  }),
  conversations: fc.record({
    frame: named('conversations'),
    ref,
    cursor: fc.oneof(conversation, fc.constant('')),
    limit,
  }),
  participants: fc.record({
    frame: named('participants'),
    ref,
    conversation: writable,
    cursor: fc.oneof(user, fc.constant('')),
    limit,
  }),
  create: fc.record({
    frame: named('create'),
    ref,
    conversation: fc.oneof(group, room),
    title,
    open: fc.boolean(),
    users,
  }),
  join: fc.record({ frame: named('join'), ref, conversation: writable }),
  leave: fc.record({ frame: named('leave'), ref, conversation: writable }),
  add: fc.record({ frame: named('add'), ref, conversation: writable, users }),
  remove: fc.record({ frame: named('remove'), ref, conversation: writable, users }),
  role: fc.record({ frame: named('role'), ref, conversation: writable, user, role: fc.constantFrom(...keysOf(ROLE)) }),
  rename: fc.record({ frame: named('rename'), ref, conversation: writable, title }),
  presence: fc.record({ frame: named('presence'), ref, users }),
  signal: fc.record({
    frame: named('signal'),
    conversation: writable,
    name: fc.stringMatching(/^[A-Za-z0-9_.~-]{1,32}$/),
    data: bytes,
  }),
}

const error = fc.constantFrom(...keysOf<ReplyErrorName>(REPLY_ERRORS))
const items = fc.array(fc.record({ prev: uint, entry: entry.map(encodeWholeEntry) }), { maxLength: 4 })
const page = {
  conversation,
  epoch: uint,
  head: uint,
  recovered: fc.boolean(),
  more: fc.boolean(),
  items,
}
const pages: fc.Arbitrary<Page[]> = fc.array(fc.record(page), { maxLength: 3 })
const listOf = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.array(fc.record(shape), { maxLength: 5 })

export const serverFrames: Arbitraries<ServerFrame> = {
  welcome: fc.record({
    frame: named('welcome'),
    ref,
    user,
    device: user,
    node: text,
    session: uint,
    ping: uint,
    time: uint,
  }),
  pong: fc.record({ frame: named('pong'), ref, pushes: uint }),
  error: fc.record({ frame: named('error'), ref, error, detail: text, retry: uint }),
  sent: fc.record({ frame: named('sent'), ref, epoch: uint, seq: uint, time: uint }),
  page: fc.record({ frame: named('page'), ref, ...page }),
  resumed: fc.record({ frame: named('resumed'), ref, pages, errors: listOf({ conversation, error }) }),
  conversationList: fc.record({
    frame: named('conversationList'),
    ref,
    items: listOf({ conversation, since: uint, epoch: uint }),
    more: fc.boolean(),
    epoch: uint,
    seq: uint,
  }),
  participantList: fc.record({
    frame: named('participantList'),
    ref,
    title,
    items: listOf({ user, role: fc.constantFrom(...keysOf(ROLE)), delivered: uint, read: uint }),
    more: fc.boolean(),
  }),
  presenceList: fc.record({
    frame: named('presenceList'),
    ref,
    items: listOf({ user, state: fc.constantFrom(...keysOf(PRESENCE_STATE)), lastSeen: uint }),
  }),
  push: fc.record({ frame: named('push'), epoch: uint, prev: uint, entry: entry.map(encodeWholeEntry) }),
  receipts: fc.record({ frame: named('receipts'), conversation, items: listOf({ user, delivered: uint, read: uint }) }),
  signalled: fc.record({ frame: named('signalled'), conversation, sender: user, name: user, data: bytes }),
  head: fc.record({ frame: named('head'), conversation, epoch: uint, seq: uint }),
  resync: fc.record({ frame: named('resync') }),
  reconnect: fc.record({ frame: named('reconnect'), delay: uint }),
}

export const command: fc.Arbitrary<Command> = fc.oneof(...Object.values<fc.Arbitrary<Command>>(commands))
export const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  ...Object.values<fc.Arbitrary<ServerFrame>>(serverFrames),
)
