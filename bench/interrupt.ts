/**
 * Interrupt: what must be stopped when somebody presses Ctrl-C, whoever started it. Without it the servers of a benchmark, which
 * live in sessions of their own, would outlive it.
 */
type Stop = () => Promise<unknown>

const EXIT_CODE = 130
const stops = new Set<Stop>()

/** Runs `program`, and `stop` after it, also when it fails and when the process is interrupted. */
export const guarded = <T>(stop: Stop, program: () => Promise<T>): Promise<T> =>
  interruptible(stop, async () => {
    try {
      return await program()
    } finally {
      await stop()
    }
  })

/** Runs `program`, and `stop` when the process is interrupted meanwhile. */
export async function interruptible<T>(stop: Stop, program: () => Promise<T>): Promise<T> {
  if (stops.size === 0) process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  stops.add(stop)
  try {
    return await program()
  } finally {
    stops.delete(stop)
    if (stops.size === 0) process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** The last started first. */
function interrupt(signal: NodeJS.Signals): void {
  process.stderr.write(`\n${signal}: stopping what was started\n`)
  const stopAll = async () => {
    for (const stop of [...stops].reverse()) await stop().catch(() => undefined)
  }
  void stopAll().finally(() => process.exit(EXIT_CODE))
}
