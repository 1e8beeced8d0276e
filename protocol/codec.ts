/**
 * Codec: bytes of a WebSocket message to frames and back. Two versions, one per subprotocol: `codec-msgpack.ts` (compact,
 * positional) and `codec-json.ts` (readable). Both speak of the same frames; entries stay encoded inside the server and are
 * turned into JSON only for a connection that asked for JSON.
 */
import type { CloseName } from './close-codes.js'
import type { ReplyErrorName } from './errors.js'
import type { Command, ServerFrame } from './frames.js'

export const SUBPROTOCOLS = { msgpack: 'rookery.msgpack.v1', json: 'rookery.json.v1' } as const
export type CodecName = keyof typeof SUBPROTOCOLS

/** A frame that cannot be taken. With `ref` the rest of the message goes on; without `close` is how the connection ends. */
export class FrameError extends Error {
  readonly error: ReplyErrorName
  readonly ref: number
  /** Set when the bytes after the fault cannot be read either. */
  readonly close: CloseName | null
  constructor(error: ReplyErrorName, detail: string, ref = 0, close: CloseName | null = null) {
    super(detail)
    this.name = 'FrameError'
    this.error = error
    this.ref = ref
    this.close = close
  }
}

/** Receives, in wire order, each frame of one message, or the fault in its place. */
export interface CommandSink {
  command(command: Command): void
  fault(fault: FrameError): void
}

export interface Codec {
  readonly name: CodecName
  /** Whether its WebSocket messages are binary. */
  readonly binary: boolean
  /**
   * Server: every command of one WebSocket message. Never throws; a fault that leaves the following frames readable is
   * reported and the decoding goes on, one with `close` set is the last call. What it hands out does not refer to `data`.
   */
  decodeCommands(data: Uint8Array, sink: CommandSink): void
  /** Server: one frame. Frames of one message are put back to back by plain concatenation. */
  encodeServerFrame(frame: ServerFrame): Uint8Array
  /** Client: one command. `Send.body` as made by `encodeBody`. */
  encodeCommand(command: Command): Uint8Array
  /** Client: every frame of one WebSocket message; a frame type it does not know is left out. Throws FrameError. */
  decodeServerFrames(data: Uint8Array): ServerFrame[]
}
