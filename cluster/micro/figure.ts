/** A figure of the parts by themselves, and how the fastest of several rounds is found. */
export interface Figure {
  readonly metric: string
  readonly value: number
  readonly unit: string
}

const ROUNDS = 5

/** Nanoseconds of one `run`, in the best of several rounds of so many milliseconds; the others were disturbed. */
export function nanosecondsOf(milliseconds: number, run: () => void): number {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, nanosecondsIn(milliseconds / ROUNDS, run))
  return best
}

const BATCH = 100

function nanosecondsIn(milliseconds: number, run: () => void): number {
  const start = performance.now()
  let runs = 0
  let now = start
  for (; now < start + milliseconds; now = performance.now()) {
    for (let i = 0; i < BATCH; i++) run()
    runs += BATCH
  }
  return ((now - start) * 1e6) / runs
}
