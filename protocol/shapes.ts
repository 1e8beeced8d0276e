/**
 * Finds the Shape of a frame. Names that come from a client are looked up in a Map and numbers in an array, so that
 * nothing but the documented frames is ever found.
 */
import { COMMAND_SHAPES } from './command-shapes.js'
import type { Shape } from './fields.js'
import { FRAME } from './frames.js'
import type { Command, ServerFrame } from './frames.js'
import { PUSH_SHAPES } from './push-shapes.js'
import { REPLY_SHAPES } from './reply-shapes.js'

const commands: Record<Command['frame'], Shape<Command>> = COMMAND_SHAPES
const serverFrames: Record<ServerFrame['frame'], Shape<ServerFrame>> = { ...REPLY_SHAPES, ...PUSH_SHAPES }

export class ShapeTable<F extends { readonly frame: keyof typeof FRAME }> {
  private readonly byName = new Map<string, Shape<F>>()
  private readonly byNumber: (Shape<F> | undefined)[] = []

  constructor(shapes: Readonly<Record<F['frame'], Shape<F>>>) {
    for (const name of Object.keys(shapes) as F['frame'][]) {
      this.byName.set(name, shapes[name])
      this.byNumber[FRAME[name]] = shapes[name]
    }
  }

  named(name: string): Shape<F> | undefined {
    return this.byName.get(name)
  }

  numbered(number: number): Shape<F> | undefined {
    return this.byNumber[number]
  }

  of(frame: F): Shape<F> {
    const shape = this.numbered(FRAME[frame.frame])
    if (shape === undefined) throw new TypeError(`no frame ${frame.frame}`)
    return shape
  }
}

export const COMMANDS = new ShapeTable<Command>(commands)
export const SERVER_FRAMES = new ShapeTable<ServerFrame>(serverFrames)
