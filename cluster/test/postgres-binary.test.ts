/**
 * Binary arrays, read back by a real server: the same values as if they had been sent as text.
 */
import fc from 'fast-check'
import t from 'tap'
import {
  bigintArray,
  boolArray,
  byteaArray,
  int2Array,
  int4Array,
  int8Array,
  textArray,
  uuidArray,
} from '../postgres-binary.js'
import { PostgresWorld } from './postgres-world.js'

const world = await PostgresWorld.start()
t.teardown(() => world.close())

/** What the server understands: a JSON array of each element's text. */
const understood = (type: string, array: Buffer): Promise<unknown> =>
  world.withClient(world.server.url, async (client) => {
    const sql = `SELECT coalesce(json_agg(x::text ORDER BY n), '[]') AS list FROM unnest($1::${type}[]) WITH ORDINALITY AS u (x, n)`
    const { rows } = await client.query<{ list: unknown }>(sql, [array])
    return rows[0]?.list
  })

function same<T>(
  name: string,
  type: string,
  values: fc.Arbitrary<T>,
  encode: (list: T[]) => Buffer,
  text: (value: T) => string | null,
) {
  t.test(`postgres-binary: ${name}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { maxLength: 50 }), async (list) => {
        t.same(await understood(type, encode(list)), list.map(text))
      }),
      { numRuns: 20, examples: [[[]]] },
    )
  })
}

const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`

same('integers of 53 bits', 'int8', fc.maxSafeInteger(), int8Array, String)
same('integers of 64 bits', 'int8', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), bigintArray, String)
same('integers of 32 bits', 'int4', fc.integer(), int4Array, String)
same('integers of 16 bits', 'int2', fc.integer({ min: -32768, max: 32767 }), int2Array, String)
same('booleans', 'bool', fc.boolean(), boolArray, String)
same(
  'texts',
  'text',
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  textArray,
  (text) => text,
)
same(
  'bytes, strings as UTF-8, and nothing',
  'bytea',
  fc.oneof(fc.uint8Array(), fc.string(), fc.constant(null)),
  byteaArray,
  (value) => (value === null ? null : hex(Buffer.from(value as string))),
)
same(
  'ids, and none',
  'uuid',
  fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constant(new Uint8Array())),
  (list) => uuidArray(list.map((id) => Buffer.from(id).toString('latin1'))),
  (id) =>
    id.length === 0
      ? null
      : Buffer.from(id)
          .toString('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
)

t.test('postgres-binary: what does not fit is refused before it is sent', (t) => {
  for (const bad of [NaN, 0.5, 2 ** 53, Infinity]) t.throws(() => int8Array([bad]), RangeError)
  for (const bad of [NaN, 0.5, 32_768]) t.throws(() => int2Array([bad]), RangeError)
  t.throws(() => int4Array([2 ** 31]), RangeError)
  t.throws(() => bigintArray([2n ** 63n]), RangeError)
  t.throws(() => uuidArray(['short']), RangeError)
  t.end()
})
