import t from 'tap'
import { batched } from '../replay/batch.js'
import { Gate } from '../gate.js'

t.test('gate: no more tasks run at once than it is wide, and all of them run', async (t) => {
  const gate = new Gate(3)
  let running = 0
  let most = 0
  const task = async () => {
    most = Math.max(most, (running += 1))
    await new Promise(setImmediate)
    running -= 1
  }
  await Promise.all(Array.from({ length: 20 }, () => gate.pass(task)))
  t.equal(most, 3)
  t.equal(running, 0)
})

t.test('gate: a task that fails makes room too', async (t) => {
  const gate = new Gate(1)
  await t.rejects(gate.pass(() => Promise.reject(new Error('no'))))
  t.equal(await gate.pass(() => Promise.resolve(1)), 1)
})

t.test('batch: what is posted in one turn travels together, in order', async (t) => {
  const batches: number[][] = []
  const post = batched<number>((batch) => batches.push(batch))
  post(1)
  post(2)
  await new Promise(setImmediate)
  post(3)
  await new Promise(setImmediate)
  t.same(batches, [[1, 2], [3]])
})
