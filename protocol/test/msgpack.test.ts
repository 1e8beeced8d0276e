/** The Writer and the Reader, with @msgpack/msgpack as the oracle. */
import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import t from 'tap'
import { ENTRY_FIELDS, ROLE } from '../entry.js'
import { decodeEntry } from '../entry-codec.js'
import { REPLY_ERRORS } from '../errors.js'
import type { ReplyErrorName } from '../errors.js'
import { msgpackCodec } from '../codec-msgpack.js'
import { DIRECTION, FRAME, PRESENCE_STATE } from '../frames.js'
import { messageIdText, parseMessageId } from '../ids.js'
import { MsgpackError, Reader, Writer } from '../msgpack.js'
import * as arbitrary from './arbitraries.js'
import { decoded, plain } from './outcome.js'

const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer()
  write(writer)
  return writer.take()
}
const hex = (bytes: Uint8Array): unknown => plain(bytes)
const fault = (fault: string) => ({ name: 'MsgpackError', fault })

t.test('msgpack: the writer has the shortest encoding of every value, as the oracle', async (t) => {
  const numbers = [0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
  for (const n of numbers) t.equal(hex(written((writer) => writer.uint(n))), hex(encode(n)))
  for (const length of [0, 15, 16, 31, 32, 128, 129, 255, 256, 65535, 65536]) {
    for (const unit of ['a', 'é', '語'])
      t.equal(hex(written((writer) => writer.str(unit.repeat(length)))), hex(encode(unit.repeat(length))))
    t.equal(hex(written((writer) => writer.bin(new Uint8Array(length)))), hex(encode(new Uint8Array(length))))
    const nothing = Array<null>(length).fill(null)
    const array = written((writer) => {
      writer.array(length)
      for (const _ of nothing) writer.nil()
    })
    t.equal(hex(array), hex(encode(nothing)))
  }
  t.equal(hex(written((writer) => writer.bool(true))), 'c3')
})

t.test('msgpack: the writer refuses numbers it cannot say exactly', async (t) => {
  for (const n of [-1, 0.5, NaN, Infinity, 2 ** 53]) t.throws(() => written((writer) => writer.uint(n)), MsgpackError)
})

t.test('msgpack: what was taken does not change with what is written next', async (t) => {
  const writer = new Writer()
  writer.str('first')
  const first = writer.take()
  t.equal(writer.length, 0)
  writer.str('other')
  t.equal(decode(first), 'first')
  t.equal(decode(writer.take()), 'other')
})

t.test('msgpack: the reader takes every encoding of a number', async (t) => {
  const five = [
    '05',
    'cc05',
    'cd0005',
    'ce00000005',
    'cf0000000000000005',
    'd005',
    'd10005',
    'd200000005',
    'd30000000000000005',
  ]
  for (const bytes of five) t.equal(new Reader(Buffer.from(bytes, 'hex')).uint(), 5)
  const refused = [
    'ff',
    'd0ff',
    'd1ffff',
    'd2ffffffff',
    'd3ffffffffffffffff',
    'cf0020000000000000',
    'cb3ff0000000000000',
    'a135',
  ]
  for (const bytes of refused) t.throws(() => new Reader(Buffer.from(bytes, 'hex')).uint(), fault('shape'))
})

t.test('msgpack: the reader reads what the oracle writes', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), arbitrary.uint, fc.uint8Array(), (text, n, bytes) => {
      const reader = new Reader(encode([text, n, bytes, true, null, text]))
      t.equal(reader.array(), 6)
      t.equal(reader.str(), text)
      t.equal(reader.uint(), n)
      t.equal(hex(reader.bin()), hex(bytes))
      t.equal(reader.bool(), true)
      t.equal(reader.nil(), true)
      t.equal(hex(reader.bin()), hex(Buffer.from(text)))
      t.ok(reader.done)
    }),
  )
})

t.test('msgpack: the reader goes past any value of the format', async (t) => {
  fc.assert(
    fc.property(fc.anything({ maxDepth: 4, maxKeys: 5, withTypedArray: false, key: fc.string() }), (value) => {
      const bytes = encode(JSON.parse(JSON.stringify([value])) as unknown)
      const reader = new Reader(Buffer.concat([bytes, Uint8Array.of(7)]))
      reader.skip()
      t.equal(reader.uint(), 7)
    }),
  )
  for (const extension of [
    'c70105aa',
    'c8000105aa',
    'c90000000105aa',
    'd405aa',
    'd505aaaa',
    'd80500000000000000ff00000000000000ff',
  ]) {
    const reader = new Reader(Buffer.from(extension, 'hex'))
    reader.skip()
    t.ok(reader.done, extension)
  }
  for (const map of ['81a16101', 'de0001a16101', 'df00000001a16101']) {
    const reader = new Reader(Buffer.from(map, 'hex'))
    reader.skip()
    t.ok(reader.done, map)
  }
  t.throws(() => new Reader(Uint8Array.of(0xc1)).skip(), fault('shape'))
})

t.test('msgpack: announced lengths are not believed', async (t) => {
  for (const bytes of ['dbffffffff61', 'd9ff', 'a5', 'da'])
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).str(), fault('end'))
  for (const bytes of ['c6ffffffff61', 'c4ff', 'c5'])
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).bin(), fault('end'))
  for (const bytes of ['ddffffffff01', '95', 'dc'])
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).array(), fault('end'))
  for (const bytes of ['ddffffffff01', 'dfffffffff01', 'c9ffffffff01', 'cf', 'd8'])
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).skip(), fault('end'))
})

t.test('msgpack: maxima are kept', async (t) => {
  t.throws(() => new Reader(encode('four')).str(3), fault('size'))
  t.throws(() => new Reader(encode('four')).bin(3), fault('size'))
  t.throws(() => new Reader(encode([1, 2])).array(1), fault('size'))
  t.throws(() => new Reader(new Uint8Array(100).fill(0x91)).skip(), fault('size'))
})

t.test('msgpack: text must be UTF-8, and a mark at its beginning is text', async (t) => {
  for (const bytes of ['a1ff', 'a3eda080', 'a2c080']) {
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).str(), fault('shape'))
    t.throws(() => new Reader(Buffer.from(bytes, 'hex')).bin(), fault('shape'))
  }
  t.equal(new Reader(encode('\ufeffx')).str(), '\ufeffx')
})

t.test('msgpack: a latin1 is a bin of exactly that many bytes', async (t) => {
  const id = Buffer.from('00ff10', 'hex').toString('latin1')
  const bytes = written((writer) => writer.latin1(id))
  t.equal(new Reader(bytes).latin1(3), id)
  t.throws(() => new Reader(bytes).latin1(4), fault('shape'))
  t.throws(() => new Reader(encode('abc')).latin1(3), fault('shape'))
})

const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  role: ROLE,
  direction: DIRECTION,
  state: PRESENCE_STATE,
}

/** A field as the document says it is in msgpack: the values in the order of the interface. */
function documented(name: string, value: unknown): unknown {
  if (name === 'frame') return FRAME[value as keyof typeof FRAME]
  if (name === 'error') return REPLY_ERRORS[value as ReplyErrorName].code
  if (name in NUMBERS && typeof value === 'string') return NUMBERS[name]?.[value]
  if (name === 'after' && value !== null) return idBytes(value)
  if (name === 'entry')
    return Object.entries(decodeEntry(value as Uint8Array)).map(([key, member]) => documentedOfEntry(key, member))
  if (Array.isArray(value))
    return value.map((item: unknown) => (typeof item === 'object' && item !== null ? documentedArray(item) : item))
  return value
}

const idBytes = (id: unknown): string => Buffer.from(String(id), 'latin1').toString('hex')
const documentedOfEntry = (name: string, value: unknown): unknown =>
  name === 'id' ? (value === '' ? null : idBytes(value)) : value
const documentedArray = (frame: object): unknown[] =>
  Object.entries(frame).map(([name, value]) => documented(name, value))

t.test('msgpack: the oracle reads every reply and push as the documented array', async (t) => {
  fc.assert(
    fc.property(arbitrary.serverFrame, (frame) => {
      t.strictSame(plain(decode(msgpackCodec.encodeServerFrame(frame))), plain(documentedArray(frame)))
    }),
  )
})

t.test('msgpack: the oracle reads every command as the documented array', async (t) => {
  fc.assert(
    fc.property(arbitrary.command, (command) => {
      const array = decode(msgpackCodec.encodeCommand(command)) as unknown[]
      if (command.frame !== 'send') t.strictSame(plain(array), plain(documentedArray(command)))
      else {
        const { frame, ref, conversation, after } = command
        t.strictSame(plain(array.slice(0, 4)), plain(documentedArray({ frame, ref, conversation, after })))
        t.equal(array.length, 10)
      }
    }),
  )
})

t.test('msgpack: what the oracle writes is taken', async (t) => {
  const id = parseMessageId('0190163d-8694-739b-aea5-966c26f8ad91') ?? ''
  const bytes = Buffer.from(id, 'latin1')
  const send = encode([FRAME.send, 7, 'd:alice:bob', null, bytes, 1, 'in a str', '{"a":1}', 3, 60])
  const [command] = decoded(msgpackCodec, send).commands
  t.match(command, { frame: 'send', ref: 7, conversation: 'd:alice:bob', after: null, id, type: 1 })
  t.equal(messageIdText(id), '0190163d-8694-739b-aea5-966c26f8ad91')
  const entry = encode([2, 1, 'g:x', 1, 1, 1, 'a', 'b', bytes, 1, bytes, null, 0, 0, 'of a later version', { x: 1 }])
  t.match(decodeEntry(entry), { version: 2, sender: 'a', id })
  t.equal(ENTRY_FIELDS, 14)
})
