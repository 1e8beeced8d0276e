/**
 * Batch: gathers what is posted in one turn of the event loop and hands it on as one array, because a message between
 * processes costs more than what is in it.
 */
export function batched<T>(send: (batch: T[]) => void): (item: T) => void {
  let batch: T[] = []
  return (item) => {
    batch.push(item)
    if (batch.length > 1) return
    setImmediate(() => {
      const whole = batch
      batch = []
      send(whole)
    })
  }
}
