/**
 * System: something that carries messages and can be measured: Rookery, or a peer in a file of `peers/`. A suite starts it, has load
 * generators talk to it in its own protocol (load/protocols/), reads what its processes used, and stops it.
 */
import type { Usage } from './accounting.js'
import { guarded } from './interrupt.js'
import type { Target } from './load/target.js'

/** What a system can do; a suite leaves out those that cannot do its part. */
export type Ability = 'idle' | 'echo' | 'direct' | 'group' | 'cross'

export interface System {
  readonly name: string
  /** How it is configured, and why that is fair; in sentences, for the report. */
  readonly method: readonly string[]
  readonly abilities: readonly Ability[]
  /** The version, for the report; null when it is not installed on this machine. */
  version(): string | null
  /** The command that installs it on Debian, or in the project. */
  readonly install: string
  start(options: SystemOptions): Promise<RunningSystem>
}

export interface SystemOptions {
  readonly nodes: number
  /** More settings for a system that takes them, by their variables. */
  readonly env?: Readonly<Record<string, string>>
}

export interface RunningSystem {
  readonly target: Target
  /** CPU seconds and memory of every server process, by its name. */
  usage(): Usage
  /** Resident bytes of the processes that hold the connections. */
  memory(): number
  /** Resolves when what was delivered is also where it finally goes; left out where that is the same. */
  settled?(): Promise<void>
  /** Stops every process and removes every file that `start` made. */
  stop(): Promise<void>
}

/** Runs `program` with a system that is up, and takes it down however the program ends. */
export async function withSystem<R extends RunningSystem, T>(
  system: { start(options: SystemOptions): Promise<R> },
  options: SystemOptions,
  program: (running: R) => Promise<T>,
): Promise<T> {
  const running = await system.start(options)
  return guarded(
    () => running.stop(),
    () => program(running),
  )
}
