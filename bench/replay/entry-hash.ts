/**
 * Entry hash: 64 bits of everything a device must have received unchanged of an entry: kind, type, sender, client message id
 * and content. Both sides of the comparison make it from what they hold, the sender before sending, the receiver after.
 */
import xxhash from 'xxhash-wasm'
import { LIMITS } from '../../protocol/limits.js'

export interface Hashed {
  readonly kind: string
  /** '' for a change. */
  readonly type: string
  readonly sender: string
  /** As text; '' for a change, whose id is the server's. */
  readonly id: string
  readonly content: Uint8Array
}

export type EntryHash = (entry: Hashed) => bigint

const NAMES_BYTES = 256

/** The hash function; loading it compiles WebAssembly. */
export async function loadEntryHash(): Promise<EntryHash> {
  const hasher = await xxhash()
  const scratch = Buffer.alloc(LIMITS.contentBytes + NAMES_BYTES)
  return ({ kind, type, sender, id, content }) => {
    const at = scratch.write(`${kind}\n${type}\n${sender}\n${id}\n`, 'latin1')
    scratch.set(content, at)
    return hasher.h64Raw(scratch.subarray(0, at + content.length))
  }
}
