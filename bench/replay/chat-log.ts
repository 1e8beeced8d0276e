/**
 * Chat log: streams the lines of a file of the form `date TAB minute TAB nick TAB text`, gzipped or plain (told by its first
 * bytes). Texts are handed on as the bytes they are: they may hold anything but a line feed, also what other readers take
 * for the end of a line.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { LIMITS } from '../../protocol/limits.js'

export interface Line {
  /** From 0. */
  readonly index: number
  readonly day: string
  /** Since the start of the day; never falls within a day. */
  readonly minute: number
  readonly nick: string
  readonly text: Uint8Array
}

/** Which part of a file to read. */
export interface Extent {
  /** Only the first so many messages. */
  readonly messages?: number | undefined
  /** Only the first so many days. */
  readonly days?: number | undefined
}

const LINE_FEED = 10
const TAB = 9
const GZIP = [0x1f, 0x8b]

/** Throws, naming the line, on one that has not the form. */
export async function* readChatLog(file: string, extent: Extent = {}): AsyncGenerator<Line> {
  let index = 0
  let days = 0
  let day = ''
  for await (const bytes of lines(await source(file))) {
    const line = parseLine(bytes, index, file)
    if (line.day !== day) days += 1
    day = line.day
    if (index >= (extent.messages ?? Infinity) || days > (extent.days ?? Infinity)) return
    yield line
    index += 1
  }
}

/** How many lines `readChatLog` will give. */
export async function countLines(file: string, extent: Extent = {}): Promise<number> {
  let count = 0
  for await (const line of readChatLog(file, extent)) count = line.index + 1
  return count
}

async function source(file: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  await handle.close()
  const stream = createReadStream(file)
  if (bytesRead < 2 || GZIP.some((byte, at) => buffer[at] !== byte)) return stream
  const gunzip = createGunzip()
  return stream.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.subarray(from)
  }
  if (rest.length > 0) yield rest
}

function parseLine(bytes: Buffer, index: number, file: string): Line {
  const [first, second, third] = tabs(bytes)
  const problem = (what: string) => new Error(`${file}, line ${String(index + 1)}: ${what}`)
  if (first === undefined || second === undefined || third === undefined) throw problem('fewer than three tabs')
  const minute = Number(bytes.toString('latin1', first + 1, second))
  if (!Number.isFinite(minute)) throw problem('the minute is not a number')
  const text = Uint8Array.from(bytes.subarray(third + 1))
  if (text.length > LIMITS.contentBytes) throw problem(`the text is over ${String(LIMITS.contentBytes)} bytes`)
  return { index, day: bytes.toString('utf8', 0, first), minute, nick: bytes.toString('utf8', second + 1, third), text }
}

function tabs(bytes: Buffer): (number | undefined)[] {
  const found: number[] = []
  for (let at = bytes.indexOf(TAB); at >= 0 && found.length < 3; at = bytes.indexOf(TAB, at + 1)) found.push(at)
  return found
}
