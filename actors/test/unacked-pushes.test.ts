/** Unacknowledged pushes, held against a list that does the same without any shortcut. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { UnackedPushes } from '../unacked-pushes.js'
import type { UnackedPush } from '../unacked-pushes.js'

type Step = { readonly add: number; readonly size: number } | { readonly ack: number; readonly behind: number }

const conversation = fc.nat(3)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: conversation, size: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ ack: conversation, behind: fc.nat(6) }) },
  ),
  { maxLength: 400, size: 'max' },
)

t.test(
  'unacked pushes: whatever is pushed and acknowledged, what is left is what a plain list would hold',
  async () => {
    const property = fc.property(steps, (script) => {
      const pushes = new UnackedPushes()
      let naive: UnackedPush[] = []
      const heads = [0, 0, 0, 0]
      for (const step of script) {
        if ('add' in step) {
          const seq = (heads[step.add] = (heads[step.add] ?? 0) + 1)
          const push = {
            conversation: `r:${step.add}`,
            epoch: 1,
            prev: seq - 1,
            seq,
            entry: new Uint8Array(step.size),
            at: 0,
          }
          pushes.add(push)
          naive.push(push)
        } else {
          const upTo = (heads[step.ack] ?? 0) - step.behind
          const isSettled = (push: UnackedPush) => push.conversation === `r:${step.ack}` && push.seq <= upTo
          assert.equal(pushes.acknowledge(`r:${step.ack}`, upTo), naive.filter(isSettled).length)
          naive = naive.filter((push) => !isSettled(push))
        }
        assert.equal(pushes.size, naive.length)
        assert.equal(pushes.oldest, naive[0])
        assert.equal(
          pushes.bytes,
          naive.reduce((total, { entry }) => total + entry.length, 0),
        )
      }
      assert.deepEqual(pushes.list(), naive)
    })
    fc.assert(property)
  },
)

t.test('unacked pushes: ten thousand pushes acknowledged one by one leave nothing behind', async (t) => {
  const pushes = new UnackedPushes()
  for (let seq = 1; seq <= 10_000; seq++)
    pushes.add({ conversation: 'r:a', epoch: 1, prev: seq - 1, seq, entry: new Uint8Array(1), at: 0 })
  let settled = 0
  for (let seq = 1; seq <= 10_000; seq++) settled += pushes.acknowledge('r:a', seq)
  t.equal(settled, 10_000)
  t.equal(pushes.size, 0)
  t.equal(pushes.bytes, 0)
})
