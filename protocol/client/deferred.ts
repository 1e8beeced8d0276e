/** A promise and its two ends. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

export function deferred<T>(): Deferred<T> {
  const ends: Partial<Deferred<T>> = {}
  const promise = new Promise<T>((resolve, reject) => {
    Object.assign(ends, { resolve, reject })
  })
  return { ...(ends as Deferred<T>), promise }
}
