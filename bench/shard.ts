/**
 * Shard: to which shard a conversation belongs, made anew from the description in actors/hash.ts (XXH64 with seed 0 over the id, its top bits),
 * so that a suite knows which conversations a node's death moves.
 */
import xxhash from 'xxhash-wasm'
import type { ConversationId } from '../protocol/ids.js'

export type ShardOf = (conversation: ConversationId) => number

/** For a cluster with so many shards, a power of two. */
export async function shardsOf(shards: number): Promise<ShardOf> {
  const hasher = await xxhash()
  const bits = BigInt(31 - Math.clz32(shards))
  return (conversation) => Number(hasher.h64(conversation) >> (64n - bits))
}
