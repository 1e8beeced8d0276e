import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { parseStat, residentBytes, UsageOfLives, usageBetween, usageOf } from '../accounting.js'

t.test('accounting: a program name with brackets and spaces is read right', async (t) => {
  const fields = '1 2 3 4 5 6 7 8 9 10 100 20 3 1'.split(' ')
  const stat = parseStat(`42 (odd) name) S ${fields.join(' ')} 0`)
  t.match(stat, { pid: 42, parent: 1, program: 'odd) name' })
})

t.test('accounting: children count under their own program', async (t) => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const usage = usageOf(process.pid, 'test')
  t.ok((usage['test']?.cpu ?? 0) > 0)
  t.ok('sleep' in usage)
  child.kill()
  await once(child, 'exit')
})

t.test('accounting: a process that is gone used nothing', async (t) => {
  t.same(usageOf(2 ** 30, 'gone'), {})
  t.equal(residentBytes(2 ** 30), 0)
})

t.test('accounting: the difference of two readings is what was used in between', async (t) => {
  const before = { node: { cpu: 5, memory: 1 } }
  const after = { node: { cpu: 7, memory: 3 }, nats: { cpu: 2, memory: 4 } }
  t.same(usageBetween(before, after), { node: { cpu: 2, memory: 3 }, nats: { cpu: 2, memory: 4 } })
})

t.test('accounting: a server that was started again keeps the CPU of its earlier life, not its memory', async (t) => {
  const lives = new UsageOfLives()
  const first = lives.read([{ pid: process.pid, name: 'server' }])
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const second = lives.read([{ pid: child.pid ?? 0, name: 'server' }])
  child.kill()
  await once(child, 'exit')
  t.ok((second['server']?.cpu ?? 0) >= (first['server']?.cpu ?? Infinity))
  t.ok((second['server']?.memory ?? Infinity) < (first['server']?.memory ?? 0))
})
