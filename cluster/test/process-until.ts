/** Until: the one way in which process tests wait. It asks again and again, and in the end says what did not happen. */
import { setTimeout as pause } from 'node:timers/promises'

const WAIT_MS = 20_000
const PAUSE_MS = 20

/** Resolves with the first answer that is neither undefined, null nor false; a question that throws counts as no answer. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  waitMs = WAIT_MS,
): Promise<Exclude<Awaited<T>, undefined | null | false>> {
  let problem = ''
  for (const deadline = Date.now() + waitMs; Date.now() < deadline; await pause(PAUSE_MS)) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== null && answer !== false)
        return answer as Exclude<Awaited<T>, undefined | null | false>
    } catch (error) {
      problem = `: ${String(error)}`
    }
  }
  throw new Error(`did not happen within ${String(waitMs)} ms: ${what}${problem}`)
}

/** Rejects, saying what did not happen, unless `promise` settles in time. */
export async function within<T>(what: string, promise: Promise<T>, waitMs = WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not happen within ${String(waitMs)} ms: ${what}`)), waitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
