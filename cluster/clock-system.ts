/**
 * System clock: real time, timers and turns. However many turns are asked for in one iteration of the event loop, they
 * share one setImmediate; those asked for by a turn task come with the next one.
 */
import type { Clock } from '../actors/clock.js'

/** The longest a Node.js timer can be; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function createSystemClock(): Clock {
  let asked: (() => void)[] = []
  let running: (() => void)[] = []
  const runTurns = (): void => {
    ;[asked, running] = [running, asked]
    try {
      for (const task of running) task()
    } finally {
      running.length = 0
    }
  }
  return {
    now: () => Date.now(),
    after,
    turn(task) {
      if (asked.push(task) === 1) setImmediate(runTurns)
    },
  }
}

function after(ms: number, task: () => void): () => void {
  if (ms <= LONGEST_TIMER_MS) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  }
  let cancel = after(LONGEST_TIMER_MS, () => {
    cancel = after(ms - LONGEST_TIMER_MS, task)
  })
  return () => cancel()
}

export const systemClock: Clock = createSystemClock()
