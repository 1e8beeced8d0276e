/**
 * The compact codec: each frame is a msgpack array, frames follow each other without anything between. Because a frame's extent
 * can be told without understanding it, a command that breaks a rule costs only itself; bytes that are no frame at all end the
 * connection.
 *
 * With a message of 128 bytes, Node 20, one thread of a busy two-core machine: a `send` decoded, checked and its body copied
 * takes 0.6 µs, a `received` 0.3 µs; an entry is encoded in 0.25 µs, a `push` in 0.13 µs, a `sent` in 0.14 µs, a `receipts` in 0.2 µs.
 */
import { FrameError } from './codec.js'
import type { Codec, CommandSink } from './codec.js'
import { faultOf, tooManyFrames } from './faults.js'
import { FRAME } from './frames.js'
import type { Command, ServerFrame } from './frames.js'
import { LIMITS } from './limits.js'
import { Reader } from './msgpack.js'
import { MsgpackFieldReader } from './msgpack-field-reader.js'
import { MsgpackFieldWriter } from './msgpack-field-writer.js'
import { COMMANDS, SERVER_FRAMES } from './shapes.js'
import type { ShapeTable } from './shapes.js'

const writer = new MsgpackFieldWriter()

export const msgpackCodec: Codec = {
  name: 'msgpack',
  binary: true,
  decodeCommands,
  encodeServerFrame: (frame) => encode(frame, SERVER_FRAMES),
  encodeCommand: (command) => encode(command, COMMANDS),
  decodeServerFrames,
}

function encode<F extends Command | ServerFrame>(frame: F, shapes: ShapeTable<F>): Uint8Array {
  writer.begin(FRAME[frame.frame])
  shapes.of(frame).write(frame, writer)
  return writer.end()
}

function decodeCommands(data: Uint8Array, sink: CommandSink): void {
  const reader = new Reader(data)
  const fields = new MsgpackFieldReader(reader, false)
  for (let frames = 0; !reader.done; frames++) {
    const start = reader.position
    const outcome = frames < LIMITS.inboundFrames ? decodeCommand(fields) : tooManyFrames()
    if (!(outcome instanceof FrameError)) sink.command(outcome)
    else if (outcome.close === null && goPast(reader, start)) sink.fault(outcome)
    else {
      sink.fault(new FrameError(outcome.error, outcome.message, outcome.ref, outcome.close ?? 'bad-frame'))
      return
    }
  }
}

function decodeCommand(fields: MsgpackFieldReader): Command | FrameError {
  try {
    const shape = COMMANDS.numbered(beginFrame(fields))
    if (shape === undefined) return unknownFrame(fields)
    const command = shape.read(fields)
    fields.end()
    return command
  } catch (error) {
    return faultOf(error, fields.lastRef)
  }
}

/** What does not even begin like a frame is not skipped: it would be read as very many broken frames. */
function beginFrame(fields: MsgpackFieldReader): number {
  try {
    return fields.begin()
  } catch {
    throw new FrameError('bad-frame', 'not a msgpack frame', 0, 'bad-frame')
  }
}

/** A command with a ref has it first; in one without, no number comes first. */
function unknownFrame(fields: MsgpackFieldReader): FrameError {
  try {
    fields.ref()
  } catch {
    // it has no ref
  }
  return new FrameError('unknown-frame', 'frame: no such command', fields.lastRef)
}

/** Moves behind the frame that begins at `start`; false when where it ends cannot be told. */
function goPast(reader: Reader, start: number): boolean {
  reader.position = start
  try {
    reader.skip()
    return true
  } catch {
    return false
  }
}

function decodeServerFrames(data: Uint8Array): ServerFrame[] {
  const reader = new Reader(data)
  const fields = new MsgpackFieldReader(reader, true)
  const frames: ServerFrame[] = []
  try {
    while (!reader.done) {
      const shape = SERVER_FRAMES.numbered(fields.begin())
      if (shape !== undefined) frames.push(shape.read(fields))
      fields.end()
    }
  } catch (error) {
    throw faultOf(error, 0)
  }
  return frames
}
