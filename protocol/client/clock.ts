/**
 * The time and the timers of the SDK: real ones by default, injected by tests. The shape is a part of the server's Clock,
 * so a client can run on the virtual time of a simulation.
 */
export interface ClientClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `task` once, not before `ms` milliseconds have passed. The answer cancels it. */
  after(ms: number, task: () => void): () => void
}

export const systemClock: ClientClock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}
