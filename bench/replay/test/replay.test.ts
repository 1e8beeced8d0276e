import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const NICKS = ['ann', 'Bob|away', '[cy]', '^dee^', '{eve}`', 'ünï']
const TEXTS = ['hello', '', 'a\ttab', '\u0002bold\u000f', 'naïve 🦜', 'line\rfeed\u2028', 'x'.repeat(2000)]

/** A log of three days in which everybody speaks, with whatever people write. */
function chatLog(t: Test, lines: number): string {
  const file = join(t.testdir({ tmp: {} }), 'log.tsv')
  const rows = Array.from({ length: lines }, (_, at) => {
    const day = `2004-11-1${String(Math.floor((at * 3) / lines))}`
    const nick = NICKS[(at * 7) % NICKS.length] ?? ''
    return `${day}\t${String(at)}\t${nick}\t${TEXTS[at % TEXTS.length] ?? ''} ${String(at)}\n`
  })
  writeFileSync(file, rows.join(''))
  return file
}

function replay(t: Test, ...args: string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: join(t.testdirName, 'tmp') }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

async function ended(child: ChildProcess): Promise<{ code: number; last: string; errors: string }> {
  let [output, errors] = ['', '']
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (errors += data.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, last: output.trimEnd().split('\n').at(-1) ?? '', errors }
}

t.setTimeout(180_000)

t.test('replay: a node killed half way costs nothing', async (t) => {
  const args = ['--nodes', '2', '--kill', 'owner', '--churn', '0.5', '--embedded', '--json']
  const { code, last, errors } = await ended(replay(t, chatLog(t, 600), ...args))
  t.match(errors, /half of the messages are acked: striking/)
  const result = JSON.parse(last || '{}') as Record<string, unknown>
  t.match(result, { acked: 600, lost: 0, duplicated: 0, outOfOrder: 0, conversations: 3, late: 0, unrecovered: 0 })
  t.match(result['strikes'], [{ what: /node-\d, owner of most shards, killed/ }])
  t.equal(code, 0, errors)
  t.same(readdirSync(join(t.testdirName, 'tmp')), [])
})

t.test('replay: an interrupt stops everything it started', async (t) => {
  const child = replay(t, chatLog(t, 600), '--nodes', '1', '--embedded', '--speed', '1')
  const end = once(child, 'exit')
  let errors = ''
  child.stderr?.on('data', (data: Buffer) => {
    if (data.includes(': up')) child.kill('SIGINT')
    errors += data.toString()
  })
  t.same(await end, [130, null], errors)
  t.same(readdirSync(join(t.testdirName, 'tmp')), [])
})

t.test('replay: options that contradict each other are refused', async (t) => {
  const refused = await ended(replay(t, 'no-such-file', '--nodes', '1', '--url', 'ws://127.0.0.1:1/ws'))
  t.equal(refused.code, 2)
  t.match(refused.errors, /either --url .* or --nodes/)
})
