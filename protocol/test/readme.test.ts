/** The document and the code say the same: every table and every example of protocol/README.md. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { CLOSE_CODES, shouldReconnect } from '../close-codes.js'
import { jsonCodec } from '../codec-json.js'
import { msgpackCodec } from '../codec-msgpack.js'
import { SUBPROTOCOLS } from '../codec.js'
import { encodeBody } from '../entry-codec.js'
import { ENTRY_FIELDS, ENTRY_KIND, MESSAGE_TYPE, ROLE } from '../entry.js'
import { FIRST_TEMPORARY_CODE, REPLY_ERRORS } from '../errors.js'
import { DIRECTION, FRAME, PRESENCE_STATE } from '../frames.js'
import type { Command, ServerFrame } from '../frames.js'
import { LIMITS } from '../limits.js'
import * as arbitrary from './arbitraries.js'
import { decoded } from './outcome.js'

const document = readFileSync(join(packageFolder(), 'protocol', 'README.md'), 'utf8')

function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/** The rows of the table whose header begins with these cells. */
function rowsUnder(...header: string[]): string[][] {
  const lines = document.split('\n').map((line) =>
    line
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim()),
  )
  const start = lines.findIndex((cells) => header.every((name, i) => cells[i] === name))
  if (start < 0) throw new Error(`no table with the header ${header.join(', ')}`)
  const rows = lines.slice(start + 2)
  return rows.slice(
    0,
    rows.findIndex((cells) => cells.length < 2),
  )
}

const code = (name: string): string => `\`${name}\``
const yes = (flag: boolean): string => (flag ? 'yes' : 'no')
const numbered = (table: Readonly<Record<string, number>>): string[][] =>
  Object.entries(table).map(([name, n]) => [String(n), code(name)])
const firstTwo = (rows: string[][]): string[][] => rows.map((cells) => cells.slice(0, 2))

t.test('readme: the table of reply errors', async (t) => {
  const rows = Object.entries(REPLY_ERRORS).map(([name, row]) => [
    String(row.code),
    code(name),
    yes(row.temporary),
    row.text,
    row.action,
  ])
  t.strictSame(rowsUnder('code', 'error'), rows)
  for (const { code, temporary } of Object.values(REPLY_ERRORS)) t.equal(temporary, code >= FIRST_TEMPORARY_CODE)
})

t.test('readme: the table of close codes', async (t) => {
  const rows = Object.entries(CLOSE_CODES).map(([name, row]) => [
    String(row.code),
    code(name),
    yes(shouldReconnect(row.code)),
    row.text,
  ])
  t.strictSame(rowsUnder('code', 'name'), rows)
})

t.test('readme: the table of limits', async (t) => {
  t.strictSame(
    firstTwo(rowsUnder('limit', 'value')),
    Object.entries(LIMITS).map(([name, value]) => [code(name), String(value)]),
  )
})

t.test('readme: kinds, types and named numbers', async (t) => {
  t.strictSame(firstTwo(rowsUnder('number', 'kind')), numbered(ENTRY_KIND))
  t.strictSame(firstTwo(rowsUnder('number', 'type')), numbered(MESSAGE_TYPE))
  const names = (table: Readonly<Record<string, number>>) =>
    Object.entries(table)
      .map(([name, n]) => `${code(name)} ${n}`)
      .join(', ')
  t.strictSame(rowsUnder('field', 'names and numbers'), [
    ['`direction`', names(DIRECTION)],
    ['`role`', names(ROLE)],
    ['`state`', names(PRESENCE_STATE)],
  ])
})

t.test('readme: the subprotocols', async (t) => {
  t.strictSame(
    rowsUnder('subprotocol').map(([name]) => name),
    Object.values(SUBPROTOCOLS).map(code),
  )
})

t.test('readme: every frame has its number', async (t) => {
  const rows = [...rowsUnder('number', 'command'), ...rowsUnder('number', 'reply'), ...rowsUnder('number', 'push')]
  t.strictSame(firstTwo(rows), numbered(FRAME))
})

/** The keys of a frame in JSON, in the order they are written, which is that of msgpack. */
const keysOf = (json: Uint8Array): string =>
  Object.keys(JSON.parse(Buffer.from(json).toString()) as object)
    .filter((key) => key !== 'frame' && key !== 'code')
    .map((key) => code(key.replace(/Base64$/, '')))
    .join(' ')

const full = <F extends Command | ServerFrame>(frames: fc.Arbitrary<F>): F => {
  const [frame] = fc.sample(
    frames.filter((frame) => !('ref' in frame) || frame.ref > 0),
    1,
  )
  if (frame === undefined) throw new Error('no sample')
  return frame
}

t.test('readme: every frame has its fields, in the order they are written', async (t) => {
  const everything = encodeBody({
    id: fc.sample(arbitrary.messageId, 1)[0] ?? '',
    type: 1,
    content: new Uint8Array(),
    extra: '{}',
    priority: 1,
    ttl: 1,
  })
  for (const [, name, fields] of rowsUnder('number', 'command')) {
    const command = full<Command>(arbitrary.commands[String(name).slice(1, -1) as Command['frame']])
    const whole =
      command.frame === 'send'
        ? { ...command, after: fc.sample(arbitrary.messageId, 1)[0] ?? null, body: everything }
        : command
    t.equal(keysOf(jsonCodec.encodeCommand(whole)), fields, String(name))
  }
  for (const [, name, fields] of [...rowsUnder('number', 'reply'), ...rowsUnder('number', 'push')]) {
    const frame = full<ServerFrame>(arbitrary.serverFrames[String(name).slice(1, -1) as ServerFrame['frame']])
    t.equal(keysOf(jsonCodec.encodeServerFrame(frame)), fields, String(name))
  }
})

t.test('readme: the fields of an entry are numbered', async (t) => {
  const entry = full(arbitrary.serverFrames.push).entry
  t.equal(entry[0], 0x90 | ENTRY_FIELDS)
  t.strictSame(
    firstTwo(rowsUnder('position', 'field')),
    [
      'version',
      'kind',
      'conversation',
      'seq',
      'ordinal',
      'time',
      'sender',
      'device',
      'id',
      'type',
      'content',
      'extra',
      'priority',
      'ttl',
    ].map((name, i) => [String(i), code(name)]),
  )
})

t.test('readme: the examples are the same in both encodings', async (t) => {
  const examples = [...document.matchAll(/```json\n(.+?)```\n\n```text\n(.+?)```/gs)]
  t.ok(examples.length >= 8)
  for (const [, text = '', dump = ''] of examples) {
    const json = Buffer.from(JSON.stringify(JSON.parse(text)))
    const [command] = decoded(jsonCodec, json).commands
    const [frame] = command ? [] : jsonCodec.decodeServerFrames(json)
    const bytes = command ? msgpackCodec.encodeCommand(command) : frame && msgpackCodec.encodeServerFrame(frame)
    t.equal(bytes && Buffer.from(bytes).toString('hex'), dump.replace(/\s/g, ''), text)
  }
})
