/**
 * Joined frames: several frames as the one message they leave in. The members of a busy group are written the same frames one after the other, so
 * the last message is used again for as long as it is the same.
 */
export class JoinedFrames {
  #frames: readonly Uint8Array[] = []
  #message: Uint8Array = new Uint8Array()

  /** The frames back to back; not to be written to. */
  message(frames: readonly Uint8Array[]): Uint8Array {
    if (!isSame(frames, this.#frames)) {
      this.#frames = frames
      this.#message = Buffer.concat(frames)
    }
    return this.#message
  }
}

/** Compares objects: a frame that is encoded once is the same one for all. */
const isSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((frame, at) => frame === b[at])
