/**
 * Clock: the only source of time, timers and turns. The real one is cluster/clock-system.ts; the one here runs a whole
 * cluster on virtual time under a seed.
 */
export interface Clock {
  /** Milliseconds since 1970; may step backwards. */
  now(): number
  /** Runs `task` once, not before `ms` milliseconds have passed. The answer cancels it. */
  after(ms: number, task: () => void): () => void
  /** Runs `task` once, when the I/O callbacks of the current turn of the event loop are done, before the next ones. */
  turn(task: () => void): void
}

/** Random numbers from 0 up to 1, 1 excluded. */
export type Random = () => number
