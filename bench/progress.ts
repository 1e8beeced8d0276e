/**
 * Progress: a bar for the running suite on standard error when that is a terminal, else a line for each thing that happens, so that
 * standard output holds nothing but results.
 */
import { SingleBar } from 'cli-progress'

export interface Progress {
  note(text: string): void
  /** 0 to 1. */
  update(share: number): void
  stop(): void
}

const BAR_HZ = 5
const NOTE_WIDTH = 60

export const showProgress = (suite: string): Progress => (process.stderr.isTTY ? bar(suite) : lines(suite))

function bar(suite: string): Progress {
  const format = `${suite.padEnd(10)} {bar} {percentage} % {duration_formatted}  {note}`
  const shown = new SingleBar({ format, fps: BAR_HZ, stream: process.stderr, hideCursor: true, barsize: 24 })
  shown.start(1, 0, { note: '' })
  return {
    note: (text) => shown.update({ note: text.slice(0, NOTE_WIDTH) }),
    update: (share) => shown.update(share),
    stop: () => shown.stop(),
  }
}

const lines = (suite: string): Progress => ({
  note: (text) => process.stderr.write(`${suite}: ${text}\n`),
  update: () => undefined,
  stop: () => undefined,
})
