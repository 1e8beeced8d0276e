/**
 * Progress: a bar on standard error when that is a terminal, else a line now and then, so that standard output holds
 * nothing but the result.
 */
import { SingleBar } from 'cli-progress'

export interface Progress {
  update(acked: number, delivered: number): void
  note(text: string): void
  stop(): void
}

const LINE_EVERY_MS = 10_000
const BAR_HZ = 5

export function showProgress(total: number): Progress {
  return process.stderr.isTTY ? bar(total) : lines(total)
}

function bar(total: number): Progress {
  const format = '{bar} {percentage} %  {value} of {total} acked, {delivered} delivered  {eta_formatted} left'
  const shown = new SingleBar({ format, fps: BAR_HZ, stream: process.stderr, hideCursor: true })
  shown.start(total, 0, { delivered: 0 })
  return {
    update: (acked, delivered) => shown.update(acked, { delivered }),
    note: (text) => process.stderr.write(`\r\x1b[K${text}\n`),
    stop: () => shown.stop(),
  }
}

function lines(total: number): Progress {
  let last = Date.now()
  const note = (text: string) => process.stderr.write(`${text}\n`)
  return {
    update(acked, delivered) {
      if (Date.now() - last < LINE_EVERY_MS) return
      last = Date.now()
      note(`${String(acked)} of ${String(total)} acked, ${String(delivered)} delivered`)
    },
    note,
    stop: () => undefined,
  }
}
