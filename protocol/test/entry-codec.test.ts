import fc from 'fast-check'
import t from 'tap'
import * as codec from '../entry-codec.js'
import { MsgpackError, Reader } from '../msgpack.js'
import * as arbitrary from './arbitraries.js'
import { plain } from './outcome.js'

t.test('entry: it is read as it was written', async (t) => {
  fc.assert(
    fc.property(arbitrary.entry, (entry) => {
      const bytes = codec.encodeWholeEntry(entry)
      t.strictSame(plain(codec.decodeEntry(bytes)), plain(entry))
      const { kind, conversation, seq, ordinal, time, sender, device, id, type } = entry
      t.strictSame(codec.entryHeader(bytes), { kind, conversation, seq, ordinal, time, sender, device, id, type })
    }),
  )
})

t.test('entry: a body is copied into it byte for byte', async (t) => {
  fc.assert(
    fc.property(arbitrary.entry, (entry) => {
      const body = codec.encodeBody(entry)
      t.strictSame(plain(codec.encodeEntry(entry, body)), plain(codec.encodeWholeEntry(entry)))
      t.strictSame(codec.messageIdOf(body), entry.id)
      t.equal(codec.messageTypeOf(body), entry.type)
    }),
  )
})

t.test('entry: a body a client may send passes the check', async (t) => {
  fc.assert(
    fc.property(arbitrary.body, (body) => {
      const bytes = codec.encodeBody(body)
      const reader = new Reader(bytes)
      codec.checkBody(reader)
      t.ok(reader.done)
      t.strictSame(plain(codec.decodeBody(bytes)), plain(body))
    }),
  )
})

t.test('entry: an id is put where a body has none, and nowhere else', async (t) => {
  fc.assert(
    fc.property(arbitrary.body, arbitrary.messageId, (body, id) => {
      const without = codec.encodeBody({ ...body, id: '' })
      const withId = codec.bodyWithId(without, id)
      t.strictSame(plain(codec.decodeBody(withId)), plain({ ...body, id }))
      t.throws(() => codec.bodyWithId(withId, id), MsgpackError)
    }),
  )
})

t.test('entry: truncated and lengthened ones are refused', async (t) => {
  fc.assert(
    fc.property(arbitrary.entry, fc.nat(), (entry, cut) => {
      const bytes = codec.encodeWholeEntry(entry)
      t.throws(() => codec.decodeEntry(bytes.subarray(0, cut % bytes.length)), MsgpackError)
      t.throws(() => codec.decodeEntry(Buffer.concat([bytes, Uint8Array.of(0)])), MsgpackError)
    }),
  )
})
