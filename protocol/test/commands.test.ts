/** What a client may say: each rule, in both encodings, with the error it gets. */
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import t from 'tap'
import { jsonCodec } from '../codec-json.js'
import { msgpackCodec } from '../codec-msgpack.js'
import { encodeBody, decodeBody } from '../entry-codec.js'
import type { Body } from '../entry.js'
import type { Command, Position, Send } from '../frames.js'
import { parseMessageId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { decoded } from './outcome.js'

const ID = '0190163d-8694-739b-aea5-966c26f8ad91'
const id = parseMessageId(ID) ?? ''
const direct = 'd:alice:bob'
const own = 'u:alice'
const ref = 9

const position: Position = { conversation: direct, epoch: 1, seq: 2 }
const many = <T>(n: number, item: T): T[] => Array<T>(n).fill(item)

function send(change: Partial<Body> = {}, conversation = direct): Send {
  const body = encodeBody({ id, type: 1, content: Buffer.from('hi'), extra: null, priority: 0, ttl: 0, ...change })
  return { frame: 'send', ref, conversation, after: null, id, type: change.type ?? 1, body }
}

const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const UNUSABLE = '\x00'.repeat(16)

/** Commands that break a rule, the error and what its detail begins with. */
const WRONG: readonly (readonly [what: string, error: string, detail: string, command: Command])[] = [
  [
    'a token over its limit',
    'too-large',
    'token: at most 8192',
    { frame: 'connect', ref, token: 'x'.repeat(LIMITS.tokenCharacters + 1), device: 'd', client: '', session: 0 },
  ],
  [
    'a device id outside the grammar',
    'bad-id',
    'device:',
    { frame: 'connect', ref, token: 'x', device: 'a b', client: '', session: 0 },
  ],
  [
    'a client name with a line break',
    'bad-frame',
    'client:',
    { frame: 'connect', ref, token: 'x', device: 'd', client: 'a\nb', session: 0 },
  ],
  [
    'a client name over its limit',
    'bad-frame',
    'client:',
    { frame: 'connect', ref, token: 'x', device: 'd', client: 'x'.repeat(65), session: 0 },
  ],
  ['a conversation id outside the grammar', 'bad-id', 'conversation:', send({}, 'd:bob:alice')],
  ['a message to a conversation that only the server writes', 'bad-id', 'conversation:', send({}, own)],
  ['a message id that is no UUIDv7', 'bad-id', 'id:', send({ id: UNUSABLE })],
  ['an `after` that is no UUIDv7', 'bad-id', 'after:', { ...send(), after: UNUSABLE }],
  ['a system message', 'unknown-type', 'type: system', send({ type: 6 })],
  [
    'content over its limit',
    'too-large',
    'content: at most 65536',
    send({ content: new Uint8Array(LIMITS.contentBytes + 1) }),
  ],
  [
    'extra over its limit',
    'too-large',
    'extra: at most 4096',
    send({ extra: `{"a":"${'x'.repeat(LIMITS.extraBytes)}"}` }),
  ],
  [
    'extra over its limit in UTF-8 only',
    'too-large',
    'extra: at most 4096',
    send({ extra: `{"a":"${'語'.repeat(LIMITS.extraBytes / 2)}"}` }),
  ],
  ['extra nested too deeply', 'too-large', 'extra: at most 8', send({ extra: nested(LIMITS.extraDepth + 1) })],
  ['extra that is no object', 'bad-frame', 'extra: not a JSON object', send({ extra: '[1]' })],
  ['extra with half a surrogate pair', 'bad-frame', 'extra: half', send({ extra: '{"a":["\\ud800"]}' })],
  ['a priority above 9', 'bad-frame', 'priority: 0 to 9', send({ priority: 10 })],
  ['a ttl of more than ten years', 'bad-frame', 'ttl:', send({ ttl: LIMITS.ttlSeconds + 1 })],
  [
    'too many positions',
    'too-large',
    'positions: at most 100',
    { frame: 'resume', ref, positions: many(101, position), limit: 1 },
  ],
  ['a page larger than allowed', 'bad-page', 'limit: 0 to 200', { frame: 'resume', ref, positions: [], limit: 201 }],
  [
    'an empty page of history',
    'bad-page',
    'limit: 1 to 200',
    { frame: 'history', ref, conversation: direct, direction: 'before', seq: 0, limit: 0, types: [] },
  ],
  ['a cursor that is no conversation', 'bad-id', 'cursor:', { frame: 'conversations', ref, cursor: "r:'", limit: 1 }],
  [
    'a cursor that is no user',
    'bad-id',
    'cursor:',
    { frame: 'participants', ref, conversation: direct, cursor: '*', limit: 1 },
  ],
  [
    'creating a one-to-one conversation',
    'bad-id',
    'conversation:',
    { frame: 'create', ref, conversation: direct, title: '', open: true, users: [] },
  ],
  [
    'a title over its limit',
    'too-large',
    'title: at most 200',
    { frame: 'rename', ref, conversation: 'r:x', title: 'x'.repeat(201) },
  ],
  [
    'too many users',
    'too-large',
    'users: at most 100',
    { frame: 'add', ref, conversation: 'r:x', users: many(101, 'a') },
  ],
  ['a user id outside the grammar', 'bad-id', 'users:', { frame: 'presence', ref, users: ['a', 'b>'] }],
  [
    'a role for a user id outside the grammar',
    'bad-id',
    'user:',
    { frame: 'role', ref, conversation: 'r:x', user: '', role: 'member' },
  ],
  [
    'joining a conversation that only the server writes',
    'bad-id',
    'conversation:',
    { frame: 'join', ref, conversation: own },
  ],
]

/** The same for commands without a ref. */
const WRONG_UNANSWERED: typeof WRONG = [
  [
    'reading a conversation that only the server writes',
    'bad-id',
    'conversation:',
    { frame: 'read', positions: [{ ...position, conversation: own }] },
  ],
  [
    'a signal without a name',
    'bad-id',
    'name:',
    { frame: 'signal', conversation: direct, name: '', data: new Uint8Array() },
  ],
  [
    'a signal over its limit',
    'too-large',
    'data: at most 4096',
    { frame: 'signal', conversation: direct, name: 'x', data: new Uint8Array(LIMITS.signalBytes + 1) },
  ],
]

for (const codec of [msgpackCodec, jsonCodec])
  for (const [what, error, detail, command] of [...WRONG, ...WRONG_UNANSWERED])
    t.test(`commands ${codec.name}: ${what} is refused with ${error}`, async (t) => {
      const { commands, faults } = decoded(codec, codec.encodeCommand(command))
      t.strictSame(commands, [])
      t.equal(faults.length, 1)
      t.strictSame([faults[0]?.error, faults[0]?.ref, faults[0]?.close], [error, 'ref' in command ? ref : 0, null])
      t.ok(faults[0]?.message.startsWith(detail), String(faults[0]?.message))
    })

t.test('commands: what is at its limit is taken', async (t) => {
  const atLimit: Command[] = [
    {
      frame: 'connect',
      ref,
      token: 'x'.repeat(LIMITS.tokenCharacters),
      device: 'd'.repeat(64),
      client: 'x'.repeat(64),
      session: Number.MAX_SAFE_INTEGER,
    },
    send({
      content: new Uint8Array(LIMITS.contentBytes),
      extra: nested(LIMITS.extraDepth),
      priority: 9,
      ttl: LIMITS.ttlSeconds,
    }),
    send({ extra: `{"a":"${'x'.repeat(LIMITS.extraBytes - 8)}"}` }),
    { frame: 'received', positions: many(LIMITS.positions, { ...position, conversation: own }) },
    { frame: 'resume', ref, positions: [], limit: LIMITS.pageEntries },
    { frame: 'create', ref, conversation: 'r:x', title: 'x'.repeat(200), open: false, users: many(LIMITS.users, 'a') },
    { frame: 'signal', conversation: direct, name: 'x'.repeat(32), data: new Uint8Array(LIMITS.signalBytes) },
  ]
  for (const codec of [msgpackCodec, jsonCodec])
    for (const command of atLimit) t.same(decoded(codec, codec.encodeCommand(command)).faults, [], command.frame)
})

const json = (frame: object): string => JSON.stringify(frame)
const jsonSend = { frame: 'send', ref, conversation: direct, type: 'text', content: 'hi' }
const extraOf = (body: Uint8Array): string | null => decodeBody(body).extra

t.test('commands json: what may be left out may be left out, or null', async (t) => {
  for (const line of [
    json(jsonSend),
    json({ ...jsonSend, id: null, after: null, extra: null, priority: null, ttl: null }),
  ]) {
    const [command] = decoded(jsonCodec, line).commands
    t.match(command, { frame: 'send', ref, after: null, id: null, type: 1 })
  }
  t.strictSame(decoded(jsonCodec, '{"frame":"ping"}').commands, [{ frame: 'ping', ref: 0 }])
})

t.test('commands json: lines may be empty and end with a carriage return', async (t) => {
  t.strictSame(decoded(jsonCodec, '\n{"frame":"ping"}\r\n\r\n \n{"frame":"ping"}').order, ['ping', 'ping'])
})

t.test('commands json: extra is kept as it was written', async (t) => {
  const extra = '{ "n" : 12345678901234567890, "__proto__": {"x": 1}, "s": "}\\"{,", "n": [1.50, {}] }'
  const lines = [
    `{"extra":${extra},"frame":"send","ref":9,"conversation":"${direct}","type":"text","content":"\\"extra\\":{}"}`,
    `{"frame":"send","ref":9,"conversation":"${direct}","type":"text","content":"a","extra" : {}, "extra" : ${extra} }`,
  ]
  for (const line of lines) {
    const { commands, faults } = decoded(jsonCodec, line)
    t.strictSame(faults, [])
    t.equal(extraOf((commands[0] as Send).body), extra)
  }
  t.equal(({} as { x?: number }).x, undefined)
})

t.test('commands json: content that is not UTF-8 goes as base64', async (t) => {
  const { content: _, ...rest } = jsonSend
  const [command] = decoded(jsonCodec, json({ ...rest, contentBase64: '/wA=' })).commands
  t.strictSame([...decodeBody((command as Send).body).content], [0xff, 0])
  for (const contentBase64 of ['/wA', '/w A=', '====', '-_==', 7])
    t.equal(decoded(jsonCodec, json({ ...rest, contentBase64 })).faults[0]?.error, 'bad-frame')
})

/** Lines that are refused, with the error, the ref and a part of the detail. */
const WRONG_LINES: readonly (readonly [line: string, error: string, ref: number, detail: string])[] = [
  ['hello', 'bad-frame', 0, 'not JSON'],
  ['[1]', 'bad-frame', 0, 'frame: expected an object'],
  ['{"ref":9}', 'bad-frame', 9, 'frame: expected a string'],
  ['{"frame":"constructor","ref":9}', 'unknown-frame', 9, ''],
  ['{"frame":"sent","ref":9,"epoch":1,"seq":1,"time":1}', 'unknown-frame', 9, ''],
  ['{"frame":"ping","ref":9,"colour":1}', 'bad-frame', 9, '"colour"'],
  ['{"frame":"ping","ref":9,"__proto__":1}', 'bad-frame', 9, '"__proto__"'],
  ['{"frame":"ping","ref":"9"}', 'bad-frame', 0, 'ref:'],
  ['{"frame":"ping","ref":-1}', 'bad-frame', 0, 'ref:'],
  ['{"frame":"ping","ref":9007199254740992}', 'bad-frame', 0, 'ref:'],
  ['{"frame":"received","ref":9,"positions":[]}', 'bad-frame', 9, '"ref"'],
  ['{"frame":"received","positions":[{"conversation":"r:x","epoch":1,"seq":1,"extra":1}]}', 'bad-frame', 0, '"extra"'],
  ['{"frame":"received","positions":{"length":1}}', 'bad-frame', 0, 'positions: expected an array'],
  ['{"frame":"join","ref":9}', 'bad-frame', 9, 'conversation: expected a string'],
  [json({ ...jsonSend, type: 'telegram' }), 'unknown-type', 9, '"telegram"'],
  [json({ ...jsonSend, type: 'toString' }), 'unknown-type', 9, '"toString"'],
  [json({ ...jsonSend, type: '<script>' }), 'unknown-type', 9, 'of that name'],
  [json({ ...jsonSend, id: ID.toUpperCase() }), 'bad-id', 9, 'id:'],
  [json({ ...jsonSend, content: '\ud800' }), 'bad-frame', 9, 'content: half'],
  [json({ ...jsonSend, contentBase64: '' }), 'bad-frame', 9, '"contentBase64"'],
  [json({ ...jsonSend, extra: [] }), 'bad-frame', 9, 'extra: not a JSON object'],
  [json({ frame: 'role', ref, conversation: 'r:x', user: 'a', role: 'king' }), 'bad-frame', 9, 'owner, admin'],
]

for (const [line, error, ref, detail] of WRONG_LINES)
  t.test(`commands json: ${line.slice(0, 90)} is refused with ${error}`, async (t) => {
    const { commands, faults } = decoded(jsonCodec, line)
    t.strictSame(commands, [])
    t.strictSame([faults[0]?.error, faults[0]?.ref, faults[0]?.close], [error, ref, null])
    t.ok(faults[0]?.message.includes(detail), String(faults[0]?.message))
  })

t.test('commands json: a message that is not UTF-8 ends the connection', async (t) => {
  const [fault] = decoded(jsonCodec, Uint8Array.of(0x7b, 0xff)).faults
  t.strictSame([fault?.error, fault?.close], ['bad-frame', 'bad-frame'])
})

t.test('commands json: a line break in the extra of an entry does not break its frame', async (t) => {
  const entry = encode([1, 1, direct, 1, 1, 1, 'a', 'b', null, 1, 'hi', '{"a":\r\n1}', 0, 0])
  const frame = Buffer.from(jsonCodec.encodeServerFrame({ frame: 'push', epoch: 1, prev: 0, entry })).toString()
  t.equal(frame.indexOf('\n'), frame.length - 1)
  t.match(JSON.parse(frame), { entry: { extra: { a: 1 } } })
})

t.test('commands msgpack: a frame with a field too few or too many is refused and the next one taken', async (t) => {
  for (const frame of [
    [11, 7],
    [11, 7, 'r:x', 1],
    [3, 7, direct, null, null, 1, 'hi', null, 0],
  ]) {
    const { order, faults } = decoded(msgpackCodec, Buffer.concat([encode(frame), encode([2, 1])]))
    t.strictSame(order, ['!bad-frame', 'ping'])
    t.strictSame([faults[0]?.ref, faults[0]?.close], [7, null])
  }
})

t.test('commands msgpack: values of a wrong type are refused by the name of the field', async (t) => {
  const wrong: readonly (readonly [unknown[], string])[] = [
    [[11, 7, 5], 'conversation'],
    [[2, 'x'], 'ref'],
    [[4, 'x'], 'positions'],
    [[4, [['r:x', 1, null]]], 'seq'],
    [[10, 7, 'r:x', 'title', 1, []], 'open'],
    [[15, 7, 'r:x', 'a', 77], 'role'],
    [[3, 7, direct, 'x', null, 1, 'hi', null, 0, 0], 'after'],
    [[3, 7, direct, null, 'x', 1, 'hi', null, 0, 0], 'id'],
    [[3, 7, direct, null, null, 1, {}, null, 0, 0], 'content'],
    [[3, 7, direct, null, null, 1, 'hi', {}, 0, 0], 'extra'],
  ]
  for (const [frame, field] of wrong) {
    const [fault] = decoded(msgpackCodec, encode(frame)).faults
    t.equal(fault?.error, 'bad-frame')
    t.ok(fault?.message.startsWith(`${field}:`), String(fault?.message))
  }
})

t.test('commands msgpack: an unknown type is refused by its number', async (t) => {
  const frames = [send({ type: 99 }), send({ type: 0 })].map((command) => msgpackCodec.encodeCommand(command))
  for (const frame of [...frames, encode([7, ref, direct, 1, 0, 1, [99]])]) {
    const [fault] = decoded(msgpackCodec, frame).faults
    t.strictSame([fault?.error, fault?.ref], ['unknown-type', ref])
    t.match(fault?.message, /^type: no message type (99|0)$/)
  }
})

t.test('commands msgpack: an unknown command is refused with its ref, a reply is no command', async (t) => {
  for (const frame of [
    [99, 7, {}],
    [35, 7, 1, 1, 1],
  ]) {
    const [fault] = decoded(msgpackCodec, encode(frame)).faults
    t.strictSame([fault?.error, fault?.ref, fault?.close], ['unknown-frame', 7, null])
  }
  t.equal(decoded(msgpackCodec, encode([98, 'no ref'])).faults[0]?.ref, 0)
})

t.test('commands msgpack: what is no frame ends the connection', async (t) => {
  for (const bytes of [
    Buffer.from('{"frame":"ping"}'),
    encode({}),
    encode([]),
    encode(['ping']),
    Uint8Array.of(0x92, 2),
  ]) {
    const { order, faults } = decoded(msgpackCodec, Buffer.concat([bytes, bytes]))
    t.strictSame(order, ['!bad-frame'])
    t.equal(faults[0]?.close, 'bad-frame')
  }
})

t.test('commands: a message cut short gives its whole frames, then ends the connection', async (t) => {
  const message = Buffer.concat([
    msgpackCodec.encodeCommand({ frame: 'ping', ref: 1 }),
    msgpackCodec.encodeCommand(send()),
  ])
  fc.assert(
    fc.property(fc.integer({ min: 4, max: message.length - 1 }), (cut) => {
      const { order, faults } = decoded(msgpackCodec, message.subarray(0, cut))
      t.strictSame(order, ['ping', '!bad-frame'])
      t.equal(faults[0]?.close, 'bad-frame')
    }),
  )
})

t.test('commands: details never repeat what was received', async (t) => {
  const secret = 'a secret, and not a name'
  const lines = [
    { ...jsonSend, type: secret },
    { ...jsonSend, [secret]: 1 },
    { ...jsonSend, conversation: secret },
    { frame: secret },
  ]
  for (const line of lines) t.notMatch(decoded(jsonCodec, json(line)).faults[0]?.message, 'secret')
})
