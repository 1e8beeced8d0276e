/**
 * The hash of conversations: XXH64 with seed 0 over the UTF-8 bytes of the id (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
 * Stored wherever a conversation is stored, so that a shard can be split one day; the shard is its top bits.
 */
import xxhash from 'xxhash-wasm'
import type { ConversationId } from '../protocol/ids.js'
import type { ShardId } from './journal.js'

const xxh = await xxhash()

/** The 64-bit hash of any text, unsigned. */
export const hash64 = (text: string): bigint => xxh.h64(text, 0n)

/** The shard of a conversation: the top bits of its hash. `shards` is a power of two from 1 to 1024. */
export function shardOf(conversation: ConversationId, shards: number): ShardId {
  const bits = 31 - Math.clz32(shards)
  return bits === 0 ? 0 : Number(hash64(conversation) >> 32n) >>> (32 - bits)
}
