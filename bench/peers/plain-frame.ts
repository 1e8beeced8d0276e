/**
 * Plain frame: the server's reading of load/protocols/plain.ts, for peers that are only a WebSocket library: one byte of kind, one of
 * length, a name in Latin-1, the content. The content is forwarded as it lies there.
 */
export const PLAIN = { direct: 1, group: 2, join: 3, echo: 4 } as const

/** What answers a join, in a text message. */
export const JOINED = 'joined'

/** Who or what the frame is for. */
export function nameOf(frame: Buffer): string {
  return frame.toString('latin1', 2, 2 + (frame[1] ?? 0))
}

/** A view, not a copy. */
export function contentOf(frame: Buffer): Buffer {
  return frame.subarray(2 + (frame[1] ?? 0))
}
