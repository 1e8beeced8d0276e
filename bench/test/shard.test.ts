import t from 'tap'
import { shardsOf } from '../shard.js'

t.test('shard: conversations are where the test of the server has them', async (t) => {
  const shardOf = await shardsOf(64)
  t.equal(shardOf('d:alice:bob'), 18)
  t.equal(shardOf('g:018f0a6e-7c3a-7b5e-9d2f-3a4b5c6d7e8f'), 43)
  t.equal(shardOf('r:lobby'), 33)
  t.equal(shardOf('u:alice'), 8)
})
