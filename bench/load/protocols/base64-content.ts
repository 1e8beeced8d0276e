/**
 * Base64 content: how bytes travel in protocols of text (Socket.IO's JSON, XMPP). Decoded into one buffer of the process, so that a
 * delivery makes no copy of its own: what is answered is valid until the next is decoded.
 */
let decoded = Buffer.allocUnsafeSlow(64 * 1024)

export function encodeContent(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('base64')
}

/** The content of the text in `bytes` from `start` to `end`. */
export function decodeContent(bytes: Buffer, start: number, end: number): Uint8Array {
  if (end - start > decoded.length) decoded = Buffer.allocUnsafeSlow(2 * (end - start))
  const length = decoded.write(bytes.toString('latin1', start, end), 'base64')
  return decoded.subarray(0, length)
}
