import t from 'tap'
import type { Line } from '../chat-log.js'
import { pace } from '../pace.js'

async function* log(...places: [day: string, minute: number][]): AsyncGenerator<Line> {
  for (const [index, [day, minute]] of places.entries()) {
    yield await Promise.resolve({ index, day, minute, nick: 'nick', text: new Uint8Array() })
  }
}

async function dues(lines: AsyncIterable<Line>, speed: number): Promise<number[]> {
  const found: number[] = []
  for await (const { due } of pace(lines, speed)) found.push(due)
  return found
}

t.test('pace: lines of one minute are spread over it', async (t) => {
  t.same(await dues(log(['a', 700], ['a', 700], ['a', 700], ['a', 702]), 1), [0, 20_000, 40_000, 120_000])
})

t.test('pace: speed divides the waits', async (t) => {
  t.same(await dues(log(['a', 0], ['a', 10]), 60), [0, 10_000])
})

t.test('pace: the next day follows after the last minute of the one before', async (t) => {
  t.same(await dues(log(['a', 100], ['a', 101], ['b', 900], ['b', 902]), 1), [0, 60_000, 120_000, 240_000])
})

t.test('pace: at full speed everything is due at once', async (t) => {
  t.same(await dues(log(['a', 0], ['a', 0], ['b', 5]), Infinity), [0, 0, 0])
})
