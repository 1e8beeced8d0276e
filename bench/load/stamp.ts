/**
 * Stamp: the first bytes of a message's content, its number and when it was meant to be sent, so that any generator can tell
 * how long it took. Read without an object, for it is done at every delivery.
 */
export const STAMP_BYTES = 16

const bytes = new Uint8Array(STAMP_BYTES)
const fields = new Float64Array(bytes.buffer)

export function writeStamp(content: Uint8Array, number: number, intended: number): void {
  fields[0] = number
  fields[1] = intended
  content.set(bytes)
}

export interface Stamp {
  number: number
  /** By `monotonic`, in milliseconds. */
  intended: number
}

/** Into `stamp`; false when the content is too short to hold one. */
export function readStamp(content: Uint8Array, stamp: Stamp): boolean {
  if (content.length < STAMP_BYTES) return false
  for (let at = 0; at < STAMP_BYTES; at++) bytes[at] = content[at] as number
  stamp.number = fields[0] as number
  stamp.intended = fields[1] as number
  return true
}
