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

/** The content that begins at `start`, into `stamp`. */
export function readStamp(content: Uint8Array, start: number, stamp: Stamp): void {
  for (let at = 0; at < STAMP_BYTES; at++) bytes[at] = content[start + at] as number
  stamp.number = fields[0] as number
  stamp.intended = fields[1] as number
}
