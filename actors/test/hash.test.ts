/** XXH64 against published values, and the shards that follow from them. */
import t from 'tap'
import { hash64, shardOf } from '../hash.js'

// The first is in the tests of github.com/Cyan4973/xxHash, the others in the README of github.com/ifduyue/python-xxhash
// and in the tests of its ports.
const PUBLISHED = [
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['xxhash', '32dd38952c4bc720'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
] as const

t.test('hash: XXH64 with seed 0 gives the published values', async (t) => {
  for (const [text, hex] of PUBLISHED) t.equal(hash64(text).toString(16), hex, JSON.stringify(text))
})

// From here on the values were computed with another implementation of doc/xxhash_spec.md.

t.test('hash: text is hashed as UTF-8', async (t) => {
  t.equal(hash64('h\u00e9llo \u4e16').toString(16), 'e935927d45f96850')
})

t.test('shard: it is the top bits of the hash', async (t) => {
  t.equal(shardOf('', 1), 0)
  t.equal(shardOf('', 64), 0xef >> 2)
  t.equal(shardOf('a', 256), 0xd2)
  t.equal(shardOf('abc', 1024), 0x44b >> 2)
})

t.test('shard: conversations stay where they are from release to release', async (t) => {
  t.equal(shardOf('d:alice:bob', 64), 18)
  t.equal(shardOf('g:018f0a6e-7c3a-7b5e-9d2f-3a4b5c6d7e8f', 64), 43)
  t.equal(shardOf('r:lobby', 64), 33)
  t.equal(shardOf('u:alice', 64), 8)
})
