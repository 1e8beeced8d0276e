/**
 * The readable codec, for wscat, debugging and clients without msgpack: each frame is one JSON object on one line. A line that
 * is no frame costs only itself; a message that is not UTF-8 ends the connection.
 */
import { utf8Bytes, utf8Text } from './bytes.js'
import { FrameError } from './codec.js'
import type { Codec, CommandSink } from './codec.js'
import { faultOf, tooManyFrames } from './faults.js'
import type { Command, ServerFrame } from './frames.js'
import { JsonFieldReader } from './json-field-reader.js'
import { JsonFieldWriter } from './json-field-writer.js'
import { jsonDepth } from './json-text.js'
import { LIMITS } from './limits.js'
import { COMMANDS, SERVER_FRAMES } from './shapes.js'
import type { ShapeTable } from './shapes.js'

/** Deeper than any frame with an `extra` at its limit, so that a fault in `extra` is told as such. */
const COMMAND_DEPTH = 32
const writer = new JsonFieldWriter()

export const jsonCodec: Codec = {
  name: 'json',
  binary: false,
  decodeCommands,
  encodeServerFrame: (frame) => encode(frame, SERVER_FRAMES),
  encodeCommand: (command) => encode(command, COMMANDS),
  decodeServerFrames,
}

function encode<F extends Command | ServerFrame>(frame: F, shapes: ShapeTable<F>): Uint8Array {
  writer.begin(frame.frame)
  shapes.of(frame).write(frame, writer)
  return utf8Bytes(`${writer.end()}\n`)
}

function decodeCommands(data: Uint8Array, sink: CommandSink): void {
  const text = utf8Text(data)
  if (text === undefined) {
    sink.fault(new FrameError('bad-frame', 'not UTF-8', 0, 'bad-frame'))
    return
  }
  let frames = 0
  for (let start = 0; start < text.length;) {
    const end = endOfLine(text, start)
    const line = text.slice(start, end).trim()
    start = end + 1
    if (line === '') continue
    if (frames++ === LIMITS.inboundFrames) {
      sink.fault(tooManyFrames())
      return
    }
    const outcome = decodeCommand(line)
    if (outcome instanceof FrameError) sink.fault(outcome)
    else sink.command(outcome)
  }
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end
}

function decodeCommand(line: string): Command | FrameError {
  let ref = 0
  try {
    if (jsonDepth(line) > COMMAND_DEPTH) throw new FrameError('too-large', `frame: at most ${COMMAND_DEPTH} levels`)
    const fields = new JsonFieldReader(line, parsed(line), false)
    ref = fields.knownRef
    const name = fields.str('frame')
    const shape = COMMANDS.named(name)
    if (shape === undefined) throw new FrameError('unknown-frame', 'frame: no such command')
    const command = shape.read(fields)
    fields.end()
    return command
  } catch (error) {
    return faultOf(error, ref)
  }
}

function decodeServerFrames(data: Uint8Array): ServerFrame[] {
  const text = utf8Text(data)
  if (text === undefined) throw new FrameError('bad-frame', 'not UTF-8', 0, 'bad-frame')
  const frames: ServerFrame[] = []
  try {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue
      const fields = new JsonFieldReader(line, parsed(line), true)
      const shape = SERVER_FRAMES.named(fields.str('frame'))
      if (shape !== undefined) frames.push(shape.read(fields))
    }
  } catch (error) {
    throw faultOf(error, 0)
  }
  return frames
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new FrameError('bad-frame', 'not JSON')
  }
}
