/**
 * Exchange: what is expected of every peer. Load clients of a running system send to each other, and what arrives is written down.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { LoadClient, LoadListener } from '../../load/load-client.js'
import { PEER_PROTOCOLS } from '../../load/protocols/peers.js'
import type { RunningSystem, System, SystemOptions } from '../../system.js'

const WAIT_MS = 20_000
const CONTENT_BYTES = 128
/** No ASCII, so that a text in between would be seen. */
const FILLING = 0xe9

/** Notes like `acked alice 1` and `delivered bob 1`. */
export class Notes implements LoadListener {
  readonly #users: readonly string[]
  readonly #notes: string[] = []
  #changed: () => void = () => undefined

  constructor(users: readonly string[]) {
    this.#users = users
  }

  acked(at: number, number: number): void {
    this.#note(`acked ${this.#users[at] ?? ''} ${number}`)
  }

  delivered(at: number, bytes: Uint8Array, start: number, end: number): void {
    const content = bytes.subarray(start, end)
    const number = new DataView(content.buffer, content.byteOffset).getFloat64(0, true)
    const size = content.length === CONTENT_BYTES ? '' : ` of ${content.length} B`
    const changed = content.subarray(8).some((byte) => byte !== FILLING) ? ' changed' : ''
    this.#note(`delivered ${this.#users[at] ?? ''} ${number}${size}${changed}`)
  }

  failed(at: number, error: string): void {
    this.#note(`failed ${this.#users[at] ?? ''} ${error}`)
  }

  lost(at: number, reason: string): void {
    this.#note(`lost ${this.#users[at] ?? ''} ${reason}`)
  }

  /** The notes since the last time, sorted, when there are so many. */
  async take(count: number): Promise<string[]> {
    const late = AbortSignal.timeout(WAIT_MS)
    late.addEventListener('abort', () => this.#changed())
    while (this.#notes.length < count && !late.aborted) await new Promise<void>((resolve) => (this.#changed = resolve))
    return this.#notes.splice(0).sort()
  }

  #note(note: string): void {
    this.#notes.push(note)
    this.#changed()
  }
}

export function contentOf(number: number, bytes = CONTENT_BYTES): Uint8Array {
  const content = Buffer.alloc(bytes, FILLING)
  content.writeDoubleLE(number)
  return content
}

export interface Connected {
  readonly clients: readonly LoadClient[]
  readonly notes: Notes
}

export async function connected({ target }: RunningSystem, users: readonly string[]): Promise<Connected> {
  if (target.protocol === 'rookery') throw new Error('not a peer')
  const protocol = PEER_PROTOCOLS[target.protocol]
  const notes = new Notes(users)
  const clients = await Promise.all(users.map((user, at) => protocol.connect(target, user, at, notes)))
  return { clients, notes }
}

/** Why the tests of a system are skipped here. */
export function missing(system: System): string | false {
  return system.version() === null && `${system.name} is not installed: ${system.install}`
}

/** Starts the system, runs `program`, stops the system, and sees that nothing of it is left. */
export async function withSystem(
  t: Test,
  system: System,
  options: SystemOptions,
  program: (running: RunningSystem) => Promise<void>,
): Promise<void> {
  const dir = t.testdir({})
  process.env['TMPDIR'] = dir
  const before = childProcesses()
  const running = await system.start(options)
  try {
    await program(running)
  } finally {
    await running.stop()
  }
  t.same(readdirSync(dir), [], 'its files are gone')
  t.equal(childProcesses(), before, 'its processes are gone')
}

function childProcesses(): string {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
}
