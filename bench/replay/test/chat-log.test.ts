import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { countLines, readChatLog, type Extent, type Line } from '../chat-log.js'

async function read(file: string, extent?: Extent): Promise<Line[]> {
  const found: Line[] = []
  for await (const line of readChatLog(file, extent)) found.push(line)
  return found
}

const text = (line: Line | undefined) => Buffer.from(line?.text ?? []).toString()
const THREE = '2004-11-15\t738\t|trey|\tone\n2004-11-15\t739\tMatt|\ttwo\n2004-11-16\t0\tMatt|\tthree\n'

t.test('chat log: a line is its day, minute, nick and text', async (t) => {
  const file = join(t.testdir({}), 'log.tsv')
  writeFileSync(file, THREE)
  const [first, second] = await read(file)
  t.match(first, { index: 0, day: '2004-11-15', minute: 738, nick: '|trey|' })
  t.equal(text(first), 'one')
  t.match(second, { index: 1, minute: 739, nick: 'Matt|' })
})

t.test('chat log: gzipped and plain files read the same', async (t) => {
  const dir = t.testdir({})
  writeFileSync(join(dir, 'plain'), THREE)
  writeFileSync(join(dir, 'packed'), gzipSync(THREE))
  t.same(await read(join(dir, 'packed')), await read(join(dir, 'plain')))
})

t.test('chat log: any text without a line feed arrives byte for byte', async (t) => {
  const file = join(t.testdir({}), 'log.tsv')
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => array.filter((byte) => byte !== 10))
  const texts = fc.sample(fc.oneof(bytes, fc.constantFrom(Buffer.from('a\rb\u2028c\u0085\td'), Buffer.alloc(0))), 500)
  const lines = texts.map((one) => Buffer.concat([Buffer.from('2004-11-15\t1\tnick\t'), one, Buffer.from('\n')]))
  writeFileSync(file, Buffer.concat(lines))
  const found = await read(file)
  t.same(
    found.map((line) => Buffer.from(line.text).toString('hex')),
    texts.map((one) => Buffer.from(one).toString('hex')),
  )
})

t.test('chat log: a last line without a line feed counts', async (t) => {
  const file = join(t.testdir({}), 'log.tsv')
  writeFileSync(file, THREE.trimEnd())
  t.equal(await countLines(file), 3)
})

t.test('chat log: the extent ends after so many messages or days', async (t) => {
  const file = join(t.testdir({}), 'log.tsv')
  writeFileSync(file, THREE)
  t.equal(await countLines(file, { messages: 1 }), 1)
  t.equal(await countLines(file, { days: 1 }), 2)
  t.equal(await countLines(file, { messages: 99, days: 99 }), 3)
})

t.test('chat log: a line of another form is refused by number', async (t) => {
  const file = join(t.testdir({}), 'log.tsv')
  writeFileSync(file, `${THREE}2004-11-16\t0\tnick\n`)
  await t.rejects(read(file), /line 4: fewer than three tabs/)
  writeFileSync(file, `2004-11-16\tnoon\tnick\ttext\n`)
  await t.rejects(read(file), /line 1: the minute is not a number/)
})

t.test('chat log: a file that is not there, or broken inside, is an error', async (t) => {
  const file = join(t.testdir({}), 'log.tsv.gz')
  await t.rejects(read(file), /ENOENT/)
  writeFileSync(file, gzipSync(THREE.repeat(1000)).subarray(0, 60))
  await t.rejects(read(file), /unexpected end/)
})
