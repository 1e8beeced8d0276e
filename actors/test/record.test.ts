/** Records: what goes in comes out, and nothing else is taken for a record. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { JournalRecord } from '../record.js'
import { RECORD_VERSION, RecordError, decodeRecord, encodeRecord } from '../record.js'

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const head = fc.record({
  view: number,
  node: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
  incarnation: number,
  number,
  prev: number,
  archived: number,
  epoch: number,
})
const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

const plain = ({ entries, ...head }: JournalRecord) => ({ ...head, entries: entries.map((bytes) => [...bytes]) })

t.test('record: what goes in comes out', async () => {
  fc.assert(
    fc.property(head, entries, (head, entries) => {
      const decoded = decodeRecord(encodeRecord(head, entries))
      assert.deepEqual(plain(decoded), plain({ ...head, entries }))
    }),
  )
})

t.test('record: equal records are equal bytes', async () => {
  fc.assert(
    fc.property(head, entries, (head, entries) => {
      assert.deepEqual(encodeRecord(head, entries), encodeRecord(head, entries))
    }),
  )
})

t.test('record: another version is refused by its number', async (t) => {
  const bytes = encodeRecord({ view: 1, node: 'n', incarnation: 1, number: 1, prev: 0, archived: 0, epoch: 1 }, [])
  bytes[1] = RECORD_VERSION + 1
  t.throws(() => decodeRecord(bytes), new RecordError('record version 2 is not known to this node'))
})

t.test('record: a record that is cut off is none', async () => {
  fc.assert(
    fc.property(head, entries, fc.double({ min: 0, max: 0.999, noNaN: true }), (head, entries, part) => {
      const bytes = encodeRecord(head, entries)
      assert.throws(() => decodeRecord(bytes.subarray(0, Math.floor(bytes.length * part))), RecordError)
    }),
  )
})

t.test('record: garbage is refused as such, never with another error', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.throws(() => decodeRecord(bytes), RecordError)
    }),
  )
})
