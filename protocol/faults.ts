/** What decoding threw, as the FrameError to report: the same in both codecs. */
import { FrameError } from './codec.js'
import { LIMITS } from './limits.js'
import { MsgpackError } from './msgpack.js'

/** `ref` is that of the frame at fault, 0 when it is not known. Anything unforeseen becomes `internal`. */
export function faultOf(error: unknown, ref: number): FrameError {
  if (error instanceof FrameError) return new FrameError(error.error, error.message, ref, error.close)
  if (!(error instanceof MsgpackError)) return new FrameError('internal', 'decoding failed', ref)
  return new FrameError(error.fault === 'size' ? 'too-large' : 'bad-frame', error.message, ref)
}

export const tooManyFrames = (): FrameError =>
  new FrameError('too-large', `at most ${LIMITS.inboundFrames} frames in a message`, 0, 'frame-too-large')
