import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { guarded } from '../interrupt.js'

const MODULE = fileURLToPath(new URL('../interrupt.js', import.meta.url))
const PROGRAM = `
  const { guarded } = await import(process.argv[1])
  const stop = (name) => async () => console.log('stopped ' + name)
  await guarded(stop('first'), () => guarded(stop('second'), async () => {
    console.log('running')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }))
`

t.test('interrupt: a program that fails is stopped, and its error told', async (t) => {
  const listeners = process.listenerCount('SIGINT')
  let isStopped = false
  const stop = async () => void (isStopped = true)
  await t.rejects(
    guarded(stop, () => Promise.reject(new Error('the program failed'))),
    /the program failed/,
  )
  t.ok(isStopped)
  t.equal(process.listenerCount('SIGINT'), listeners)
})

t.test('interrupt: a signal stops everything, the last started first', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, MODULE], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    if (output === '') child.kill('SIGTERM')
    output += text.toString()
  })
  const [code] = (await once(child, 'close')) as [number]
  t.equal(code, 130)
  t.equal(output, 'running\nstopped second\nstopped first\n')
})
