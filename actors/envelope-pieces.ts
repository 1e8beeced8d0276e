/**
 * Envelope pieces: an envelope that is larger than a bus message travels in several, in order. Each begins with a mark that no envelope begins
 * with. links.ts cuts and joins; a receiver that missed a piece, or came too late for the first, drops the others.
 */

const FIRST = 0xc1
const MIDDLE = 0xc2
const LAST = 0xc3

/** Pieces of at most `size` bytes. */
export function cut(envelope: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  const content = size - 1
  for (let at = 0; at < envelope.length; at += content) {
    const mark = at === 0 ? FIRST : at + content >= envelope.length ? LAST : MIDDLE
    const piece = new Uint8Array(Math.min(size, envelope.length - at + 1))
    piece[0] = mark
    piece.set(envelope.subarray(at, at + content), 1)
    pieces.push(piece)
  }
  return pieces
}

/** What came of one peer's envelope so far. */
export class EnvelopePieces {
  #pieces: Uint8Array[] = []

  /** The envelope that is whole with these bytes; undefined when there is none. */
  join(bytes: Uint8Array): Uint8Array | undefined {
    const mark = bytes[0]
    if (mark !== FIRST && mark !== MIDDLE && mark !== LAST) return bytes
    if (mark === FIRST) this.#pieces = []
    else if (this.#pieces.length === 0) return undefined
    this.#pieces.push(bytes.subarray(1))
    if (mark !== LAST) return undefined
    const whole = Buffer.concat(this.#pieces)
    this.#pieces = []
    return whole
  }

  /** Something was lost. */
  drop(): void {
    this.#pieces = []
  }
}
