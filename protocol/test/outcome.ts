/** What a decoder hands out, recorded, and put into a form that compares by value. */
import type { Codec, FrameError } from '../codec.js'
import type { Command } from '../frames.js'

export interface Outcome {
  readonly commands: Command[]
  readonly faults: FrameError[]
  /** In wire order: the name of a command, or `!` and the error. */
  readonly order: string[]
}

export function decoded(codec: Codec, data: Uint8Array | string): Outcome {
  const outcome: Outcome = { commands: [], faults: [], order: [] }
  codec.decodeCommands(typeof data === 'string' ? Buffer.from(data) : data, {
    command(command) {
      outcome.commands.push(command)
      outcome.order.push(command.frame)
    },
    fault(fault) {
      outcome.faults.push(fault)
      outcome.order.push(`!${fault.error}`)
    },
  })
  return outcome
}

/** The same value with hexadecimal text for bytes, whichever class they are. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}
