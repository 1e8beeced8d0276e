/**
 * Pace: when each line of a chat log is due. The log knows minutes only, so the lines of one minute are spread evenly over
 * it; the days follow each other without the months between them.
 */
import type { Line } from './chat-log.js'

export interface Due {
  readonly line: Line
  /** Milliseconds after the start of the replay; 0 at full speed. */
  readonly due: number
}

const MINUTE = 60_000

/** `speed` times as fast as it was written; Infinity makes every line due at once. */
export async function* pace(lines: AsyncIterable<Line>, speed: number): AsyncGenerator<Due> {
  let start = 0
  let first = 0
  let previous: Line | undefined
  for await (const group of minutes(lines)) {
    const head = group[0] as Line
    if (head.day !== previous?.day) {
      start += previous === undefined ? 0 : previous.minute - first + 1
      first = head.minute
    }
    previous = head
    for (const [place, line] of group.entries()) {
      yield { line, due: ((start + head.minute - first + place / group.length) * MINUTE) / speed }
    }
  }
}

/** Neighbouring lines of the same minute. */
async function* minutes(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let group: Line[] = []
  for await (const line of lines) {
    if (group.length > 0 && (group[0]?.day !== line.day || group[0].minute !== line.minute)) {
      yield group
      group = []
    }
    group.push(line)
  }
  if (group.length > 0) yield group
}
