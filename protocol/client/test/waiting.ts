/** Waiting for what must happen, with an error that says what did not. */
import type { RookeryClient } from '../client.js'
import type { ClientEvents } from '../events.js'

const LIMIT = 5_000

export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`did not happen: ${what}`))
    }, LIMIT)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The next event of that name that passes. */
export function nextEvent<N extends keyof ClientEvents>(
  client: RookeryClient,
  name: N,
  passes: (event: ClientEvents[N]) => boolean = () => true,
): Promise<ClientEvents[N]> {
  const event = new Promise<ClientEvents[N]>((resolve) => {
    const stop = client.on(name, (candidate) => {
      if (!passes(candidate)) return
      stop()
      resolve(candidate)
    })
  })
  return within(`event ${name}`, event)
}
